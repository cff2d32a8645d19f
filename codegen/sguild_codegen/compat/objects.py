"""Facts about an object: its properties, what their values and names have to be, and how many there are."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, combinations, product
from typing import Final, Self

from sguild_codegen.compat.facts import Facts, Found, Solver, Status
from sguild_codegen.compat.formulas import (
    Cell,
    Formula,
    Goal,
    Goals,
    Has,
    Lacks,
    Names,
    Properties,
    Property,
    SizeAtLeast,
    SizeAtMost,
    SomeName,
    SomeProperty,
)
from sguild_codegen.compat.languages import holds
from sguild_codegen.compat.resolving import Json
from sguild_codegen.compat.undecided import Undecided

_MOST_PATTERNS: Final = 10
_MOST_PROPERTIES: Final = 300
_EVERYWHERE: Final = Cell()


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A property that has to be there: its name is in the cell, its value and its name meet goals."""

    cell: Cell
    value: Goals = frozenset()
    name: Goals = frozenset()


@dataclass(slots=True)
class _Chosen:
    """The properties of one attempt, each with its value's goals."""

    goals: dict[str, Goals]

    def extended(self, name: str, goals: Goals) -> "_Chosen":
        return _Chosen({**self.goals, name: goals})


@dataclass(slots=True)
class ObjectFacts(Facts):
    """What is known of an object."""

    solver: Solver
    has: set[str] = field(default_factory=set[str])
    lacks: set[str] = field(default_factory=set[str])
    named: dict[str, Goals] = field(default_factory=dict[str, Goals])
    cells: list[tuple[Cell, Goal]] = field(default_factory=list[tuple[Cell, Goal]])
    wanted: list[_Wanted] = field(default_factory=list[_Wanted])
    names: Goals = frozenset()
    least: int = 0
    most: int | None = None
    _goals: dict[str, Goals] = field(default_factory=dict[str, Goals])

    def copy(self) -> Self:
        return type(self)(
            self.solver,
            set(self.has),
            set(self.lacks),
            dict(self.named),
            list(self.cells),
            list(self.wanted),
            self.names,
            self.least,
            self.most,
            dict(self._goals),
        )

    def add(self, atom: Formula) -> bool:
        match atom:
            case Has(name):
                self.has.add(name)
            case Lacks(name):
                self.lacks.add(name)
            case Property(name, goal):
                self.named[name] = self.named.get(name, frozenset()) | {goal}
                self._goals.pop(name, None)
            case Properties(cell, goal):
                self.cells.append((cell, goal))
                self._goals.clear()
            case SomeProperty(cell, goal):
                self.wanted.append(_Wanted(cell, frozenset({goal})))
            case Names(goal):
                self.names |= {goal}
            case SomeName(goal):
                self.wanted.append(_Wanted(_EVERYWHERE, name=frozenset({goal})))
            case SizeAtLeast(size):
                self.least = max(self.least, size)
            case SizeAtMost(size):
                self.most = size if self.most is None else min(self.most, size)
            case _:
                raise AssertionError(atom)
        return not self.has & self.lacks and (
            self.most is None or max(len(self.has), self.least) <= self.most
        )

    def is_consistent(self) -> bool:
        return all(self._may_have(name) for name in self.has)

    def goals_of(self, name: str) -> Goals:
        """Return what the value of a property has to meet, if the property is there."""
        found = self._goals.get(name)
        if found is None:
            inside = frozenset(goal for cell, goal in self.cells if is_in(name, cell))
            found = self._goals[name] = self.named.get(name, frozenset()) | inside
        return found

    def _may_have(self, name: str) -> bool:
        """Tell whether the property may be there, as far as its own goals say."""
        try:
            if self.names and self.solver.solve(self.names | {self.solver.constant(name)}) is None:
                return False
            return self.solver.solve(self.goals_of(name)) is not None
        except Undecided:
            return True

    def _cannot_be(self, goals: Goals) -> bool:
        try:
            return self.solver.solve(goals) is None
        except Undecided:
            return False

    # What the facts decide

    def status(self, atom: Formula) -> Status:  # noqa: PLR0911 - one line an atom
        match atom:
            case Has(name):
                return self._presence(name, there=Status.HOLDS, absent=Status.FAILS)
            case Lacks(name):
                return self._presence(name, there=Status.FAILS, absent=Status.HOLDS)
            case Property(name, goal):
                return self._status_of_value(name, goal)
            case Properties(cell, goal):
                return self._status_of_all(cell, goal)
            case SomeProperty(cell, goal):
                return self._status_of_some(cell, goal)
            case SizeAtLeast(size):
                return self._status_of_size(size, enough=Status.HOLDS, fewer=Status.FAILS)
            case SizeAtMost(size):
                return self._status_of_size(size + 1, enough=Status.FAILS, fewer=Status.HOLDS)
            case Names(goal):
                return Status.HOLDS if goal in self.names else Status.OPEN
            case _:
                return Status.OPEN

    def _presence(self, name: str, *, there: Status, absent: Status) -> Status:
        if name in self.has:
            return there
        if name in self.lacks or self.solver.is_impossible(self.goals_of(name)):
            return absent
        return Status.OPEN

    def _status_of_value(self, name: str, goal: Goal) -> Status:
        goals = self.goals_of(name)
        if name in self.lacks or goal in goals or self.solver.is_impossible(goals | {goal.negated()}):
            return Status.HOLDS
        if name in self.has and self._cannot_be(goals | {goal}):
            return Status.FAILS
        return Status.OPEN

    def _status_of_all(self, cell: Cell, goal: Goal) -> Status:
        if any(other == goal and _covers(around, cell) for around, other in self.cells):
            return Status.HOLDS
        inside = (name for name in self.has if is_in(name, cell))
        if any(self._cannot_be(self.goals_of(name) | {goal}) for name in inside):
            return Status.FAILS
        return Status.OPEN

    def _status_of_some(self, cell: Cell, goal: Goal) -> Status:
        inside = (name for name in self.has if is_in(name, cell))
        if any(self.solver.is_impossible(self.goals_of(name) | {goal.negated()}) for name in inside):
            return Status.HOLDS
        around = frozenset(other for outer, other in self.cells if _covers(outer, cell))
        return Status.FAILS if self._cannot_be(around | {goal}) else Status.OPEN

    def _status_of_size(self, size: int, *, enough: Status, fewer: Status) -> Status:
        if max(self.least, len(self.has)) >= size:
            return enough
        return fewer if self.most is not None and self.most < size else Status.OPEN

    # A value

    def witness(self) -> Found | None:
        if not all(self._has_name(name) for name in self.has):
            return None
        chosen = _Chosen({name: self.goals_of(name) for name in sorted(self.has)})
        for attempt in self._placed(chosen, self.wanted):
            found = self._filled(attempt)
            if found is not None:
                return found
        return None

    def _has_name(self, name: str) -> bool:
        return not self.names or self.solver.solve(self.names | {self.solver.constant(name)}) is not None

    @property
    def _known(self) -> frozenset[str]:
        """Every name that a schema names: any other one is like all others with the same patterns."""
        cells = (*(cell for cell, _ in self.cells), *(each.cell for each in self.wanted))
        return frozenset(
            {*self.has, *self.lacks, *self.named, *(name for cell in cells for name in cell.names)}
        )

    def _placed(self, chosen: _Chosen, wanted: list[_Wanted]) -> Iterator[_Chosen]:
        """Yield the ways to have every wanted property: one that is there, one that is known, a fresh one."""
        if not wanted:
            yield chosen
            return
        first, rest = wanted[0], wanted[1:]
        for extended in chain(self._known_places(chosen, first), self._fresh_places(chosen, first)):
            yield from self._placed(extended, rest)

    def _known_places(self, chosen: _Chosen, wanted: _Wanted) -> Iterator[_Chosen]:
        candidates = [*chosen.goals, *sorted(self._known - self.lacks - chosen.goals.keys())]
        for name in candidates:
            if not is_in(name, wanted.cell):
                continue
            if wanted.name and self.solver.solve(wanted.name | {self.solver.constant(name)}) is None:
                continue
            goals = chosen.goals.get(name, self.goals_of(name)) | wanted.value
            if self.solver.solve(goals) is not None and self._has_name(name):
                yield chosen.extended(name, goals)

    def _fresh_places(self, chosen: _Chosen, wanted: _Wanted) -> Iterator[_Chosen]:
        """Yield the ways to have a wanted property under a name that no schema names.

        One name stands for all that match the same patterns and meet the same goals: those of the other
        wanted properties too, so that a name is found that can be theirs, and one that leaves theirs free.
        """
        excluded = self._known | chosen.goals.keys()
        for matched, others in self._signs(wanted.cell):
            inside = (goal for cell, goal in self.cells if _applies(cell, matched))
            goals = wanted.value | frozenset(inside)
            if self.solver.solve(goals) is None:
                continue
            for named in self._name_signs(wanted):
                self.solver.check_time()
                name = self.solver.text(self.names | named, matched, others, excluded)
                if name is not None:
                    yield chosen.extended(name, goals)

    def _signs(self, cell: Cell) -> Iterator[tuple[frozenset[str], frozenset[str]]]:
        """Yield which patterns a fresh name of a cell matches, and which it does not; few matches first."""
        cells = (*(around for around, _ in self.cells), *(each.cell for each in self.wanted))
        patterns = {each for around in cells for each in (around.pattern, *around.others) if each is not None}
        must = {cell.pattern} if cell.pattern is not None else set[str]()
        free = sorted(patterns - must - set(cell.others))
        if len(free) > _MOST_PATTERNS:
            raise Undecided("too many patterns of property names meet")
        for count in range(len(free) + 1):
            for more in combinations(free, count):
                matched = frozenset({*must, *more})
                yield matched, frozenset({*patterns, *cell.others}) - matched

    def _name_signs(self, wanted: _Wanted) -> Iterator[Goals]:
        """Yield which goals of wanted names a fresh name meets, and which it does not; few first."""
        free = {goal for each in self.wanted for goal in each.name} - wanted.name
        if len(free) > _MOST_PATTERNS:
            raise Undecided("too many conditions on property names meet")
        for met in product((False, True), repeat=len(free)):
            signs = zip(free, met, strict=True)
            yield wanted.name | {goal if is_met else goal.negated() for goal, is_met in signs}

    def _filled(self, chosen: _Chosen) -> Found | None:
        """Return the object of an attempt, with properties added until there are enough."""
        if self.most is not None and len(chosen.goals) > self.most:
            return None
        if self.least > _MOST_PROPERTIES:
            raise Undecided(f"an object of {self.least:,} properties would have to be found")
        while len(chosen.goals) < self.least:
            more = next(self._more(chosen), None)
            if more is None:
                return None
            chosen = more
        members: dict[str, Json] = {}
        for name, goals in chosen.goals.items():
            value = self.solver.solve(goals)
            if value is None:
                return None
            members[name] = value.value
        return Found(members)

    def _more(self, chosen: _Chosen) -> Iterator[_Chosen]:
        anything = _Wanted(_EVERYWHERE)
        present = chosen.goals.keys()
        for extended in self._known_places(chosen, anything):
            if extended.goals.keys() != present:
                yield extended
        yield from self._fresh_places(chosen, anything)


def is_in(name: str, cell: Cell) -> bool:
    """Tell whether a property name is in a cell.

    Raises:
        Undecided: a pattern cannot be read.
    """
    if name in cell.names or (cell.pattern is not None and not _holds(cell.pattern, name)):
        return False
    return not any(_holds(each, name) for each in cell.others)


def _applies(cell: Cell, matched: Iterable[str]) -> bool:
    """Tell whether a fresh name, of which only the matching patterns are known, is in a cell."""
    found = set(matched)
    return (cell.pattern is None or cell.pattern in found) and not found & set(cell.others)


def _covers(around: Cell, cell: Cell) -> bool:
    """Tell whether every name of a cell is plainly in another one."""
    return (
        around.names <= cell.names
        and around.pattern in (None, cell.pattern)
        and set(around.others) <= set(cell.others)
    )


_holds = lru_cache(maxsize=10_000)(holds)
