"""Facts about an array: its length, what its elements have to be, how many are of a kind, and distinct."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations
from typing import Final, Self

from sguild_codegen.compat.facts import Facts, Found, Solver, Status
from sguild_codegen.compat.formulas import (
    CountAtLeast,
    CountAtMost,
    Distinct,
    ElementAt,
    ElementsFrom,
    Formula,
    Goal,
    Goals,
    SizeAtLeast,
    SizeAtMost,
    SomeElementFrom,
)
from sguild_codegen.compat.resolving import Json
from sguild_codegen.compat.undecided import Undecided

_LONGEST: Final = 1_000
_MOST_PLACES: Final = 10_000

# The goals of each element of one attempt.
_Row = tuple[Goals, ...]


@dataclass(slots=True)
class ArrayFacts(Facts):
    """What is known of an array."""

    solver: Solver
    at: dict[int, Goals] = field(default_factory=dict[int, Goals])
    rest: list[tuple[int, Goal]] = field(default_factory=list[tuple[int, Goal]])
    some: list[tuple[int, Goal]] = field(default_factory=list[tuple[int, Goal]])
    at_least: dict[Goal, int] = field(default_factory=dict[Goal, int])
    at_most: dict[Goal, int] = field(default_factory=dict[Goal, int])
    distinct: bool | None = None
    least: int = 0
    most: int | None = None

    def copy(self) -> Self:
        return type(self)(
            self.solver,
            dict(self.at),
            list(self.rest),
            list(self.some),
            dict(self.at_least),
            dict(self.at_most),
            self.distinct,
            self.least,
            self.most,
        )

    def add(self, atom: Formula) -> bool:
        match atom:
            case ElementAt(index, goal):
                self.at[index] = self.at.get(index, frozenset()) | {goal}
            case ElementsFrom(start, goal):
                self.rest.append((start, goal))
            case SomeElementFrom(start, goal):
                self.some.append((start, goal))
                self.least = max(self.least, start + 1)
            case CountAtLeast(goal, count):
                self.at_least[goal] = max(count, self.at_least.get(goal, 0))
                self.least = max(self.least, count)
            case CountAtMost(goal, count):
                self.at_most[goal] = min(count, self.at_most.get(goal, count))
                return count >= 0
            case Distinct(wanted):
                if self.distinct is not None and self.distinct is not wanted:
                    return False
                self.distinct = wanted
                self.least = max(self.least, 0 if wanted else 2)
            case SizeAtLeast(size):
                self.least = max(self.least, size)
            case SizeAtMost(size):
                self.most = size if self.most is None else min(self.most, size)
            case _:
                raise AssertionError(atom)
        return (self.most is None or self.least <= self.most) and all(
            count <= self.at_most.get(goal, count) for goal, count in self.at_least.items()
        )

    def goals_at(self, index: int) -> Goals:
        """Return what the element at an index has to meet, if it is there."""
        return self.at.get(index, frozenset()) | {goal for start, goal in self.rest if start <= index}

    def is_consistent(self) -> bool:
        shaped = min(self.least, max((*self.at, *(start for start, _ in self.rest), 0)) + 1)
        return not any(self._cannot_be(self.goals_at(index)) for index in range(shaped))

    def _cannot_be(self, goals: Goals) -> bool:
        try:
            return self.solver.solve(goals) is None
        except Undecided:
            return False

    # What the facts decide

    def status(self, atom: Formula) -> Status:  # noqa: PLR0911 - one line an atom
        match atom:
            case ElementAt(index, goal):
                return self._status_at(index, goal)
            case ElementsFrom(start, goal):
                covered = any(other == goal and begin <= start for begin, other in self.rest)
                return Status.HOLDS if covered or self._ends_before(start) else Status.OPEN
            case SomeElementFrom(start, goal):
                around = frozenset(other for begin, other in self.rest if begin <= start)
                positions = self._cannot_be(around | {goal}) and not any(index >= start for index in self.at)
                return Status.FAILS if self._ends_before(start) or positions else Status.OPEN
            case SizeAtLeast(size):
                return self._status_of_size(size, enough=Status.HOLDS, fewer=Status.FAILS)
            case SizeAtMost(size):
                return self._status_of_size(size + 1, enough=Status.FAILS, fewer=Status.HOLDS)
            case Distinct(wanted) if self.distinct is not None:
                return Status.HOLDS if wanted is self.distinct else Status.FAILS
            case CountAtLeast(goal, count):
                return self._status_of_count(goal, count, enough=Status.HOLDS, fewer=Status.FAILS)
            case CountAtMost(goal, count):
                return self._status_of_count(goal, count + 1, enough=Status.FAILS, fewer=Status.HOLDS)
            case _:
                return Status.OPEN

    def _status_at(self, index: int, goal: Goal) -> Status:
        goals = self.goals_at(index)
        if self._ends_before(index) or goal in goals or self.solver.is_impossible(goals | {goal.negated()}):
            return Status.HOLDS
        if self.least > index and self._cannot_be(goals | {goal}):
            return Status.FAILS
        return Status.OPEN

    def _ends_before(self, index: int) -> bool:
        return self.most is not None and self.most <= index

    def _status_of_size(self, size: int, *, enough: Status, fewer: Status) -> Status:
        if self.least >= size:
            return enough
        return fewer if self.most is not None and self.most < size else Status.OPEN

    def _status_of_count(self, goal: Goal, count: int, *, enough: Status, fewer: Status) -> Status:
        if self.at_least.get(goal, 0) >= count:
            return enough
        return fewer if self.at_most.get(goal, count) < count else Status.OPEN

    # A value

    def witness(self) -> Found | None:
        for length in self._lengths():
            for row in self._rows(length):
                self.solver.check_time()
                values = self._values(row)
                if values is not None:
                    return Found(values)
        return None

    @property
    def _shape(self) -> int:
        """The number of elements from which on all are alike."""
        starts = (*(start for start, _ in self.rest), *(start for start, _ in self.some))
        return max((*(index + 1 for index in self.at), *starts, 0))

    def _lengths(self) -> Iterator[int]:
        """Yield the lengths that can matter: beyond them, elements only repeat what others are."""
        wanted = len(self.some) + sum(self.at_least.values())
        wanted += 2 if self.distinct is False else 0
        longest = max(self.least, self._shape) + wanted
        longest = longest if self.most is None else min(longest, self.most)
        if longest > _LONGEST:
            raise Undecided(f"an array of {longest:,} elements would have to be found")
        yield from range(self.least, longest + 1)

    def _rows(self, length: int) -> Iterator[_Row]:
        """Yield the ways to give every element its goals."""
        base = tuple(self.goals_at(index) for index in range(length))
        wanted = [(start, goal) for start, goal in self.some]
        for row in self._with_some(base, wanted):
            for counted in self._with_counts(row, list(self.at_least.items())):
                yield from self._with_limits(counted, list(self.at_most.items()))

    def _with_some(self, row: _Row, wanted: list[tuple[int, Goal]]) -> Iterator[_Row]:
        if not wanted:
            yield row
            return
        (start, goal), rest = wanted[0], wanted[1:]
        for index in self._unlike(row, start):
            yield from self._with_some(_added(row, index, goal), rest)

    def _with_counts(self, row: _Row, wanted: list[tuple[Goal, int]]) -> Iterator[_Row]:
        if not wanted:
            yield row
            return
        (goal, count), rest = wanted[0], wanted[1:]
        possible = [index for index in range(len(row)) if not self._cannot_be(row[index] | {goal})]
        for tries, places in enumerate(combinations(possible, count)):
            self.solver.check_time()
            if tries > _MOST_PLACES:
                raise Undecided("there are too many ways to place the elements that contains asks for")
            extended = row
            for index in places:
                extended = _added(extended, index, goal)
            yield from self._with_counts(extended, rest)

    def _with_limits(self, row: _Row, limits: list[tuple[Goal, int]]) -> Iterator[_Row]:
        if not limits:
            yield row
            return
        (goal, count), rest = limits[0], limits[1:]
        for limited in self._limited(row, 0, goal, count):
            yield from self._with_limits(limited, rest)

    def _limited(self, row: _Row, index: int, goal: Goal, left: int) -> Iterator[_Row]:
        """Yield the ways in which at most ``left`` elements from an index on meet a goal."""
        self.solver.check_time()
        if index == len(row):
            yield row
            return
        without = _added(row, index, goal.negated())
        if not self._cannot_be(without[index]):
            yield from self._limited(without, index + 1, goal, left)
        if left > 0:
            yield from self._limited(_added(row, index, goal), index + 1, goal, left - 1)

    def _unlike(self, row: _Row, start: int) -> Iterator[int]:
        """Yield the indices from ``start`` on; of equal ones beyond the shape only the first."""
        seen: set[Goals] = set()
        for index in range(start, len(row)):
            if index >= self._shape and row[index] in seen:
                continue
            seen.add(row[index])
            yield index

    def _values(self, row: _Row) -> list[Json] | None:
        if self.distinct is True:
            return self._distinct_values(row)
        if self.distinct is False:
            return self._values_with_a_pair(row)
        return self._solved(row)

    def _solved(self, row: _Row) -> list[Json] | None:
        values: list[Json] = []
        for goals in row:
            found = self.solver.solve(goals)
            if found is None:
                return None
            values.append(found.value)
        return values

    def _values_with_a_pair(self, row: _Row) -> list[Json] | None:
        for first, second in combinations(range(len(row)), 2):
            both = row[first] | row[second]
            joined = tuple(both if index in (first, second) else goals for index, goals in enumerate(row))
            values = self._solved(joined)
            if values is not None:
                return values
        return None

    def _distinct_values(self, row: _Row) -> list[Json] | None:
        """Return values no two of which are equal, by augmenting paths (each element has few candidates).

        An element with as many possible values as there are elements can always take one that is left.
        """
        found = {goals: self._candidates(goals, len(row)) for goals in set(row)}
        candidates = [found[goals] for goals in row]
        taken: dict[str, int] = {}
        for index in range(len(row)):
            if not _augment(index, candidates, taken, set()):
                return None
        chosen = {index: key for key, index in taken.items()}
        return [candidates[index][chosen[index]] for index in range(len(row))]

    def _candidates(self, goals: Goals, count: int) -> dict[str, Json]:
        """Return up to ``count`` different values that meet the goals."""
        from sguild_codegen.compat.resolving import canonical

        found: dict[str, Json] = {}
        excluded: set[Goal] = set()
        while len(found) < count:
            self.solver.check_time()
            value = self.solver.solve(goals | excluded)
            if value is None:
                break
            found[canonical(value.value)] = value.value
            excluded.add(self.solver.constant(value.value).negated())
        return found


def _augment(index: int, candidates: list[dict[str, Json]], taken: dict[str, int], seen: set[str]) -> bool:
    for key in candidates[index]:
        if key in seen:
            continue
        seen.add(key)
        if key not in taken or _augment(taken[key], candidates, taken, seen):
            taken[key] = index
            return True
    return False


def _added(row: _Row, index: int, goal: Goal) -> _Row:
    return (*row[:index], row[index] | {goal}, *row[index + 1 :])
