"""The search for a value that meets some goals; that there is none is the proof that a change is compatible.

A goal is unfolded for one kind of value after the other. Atoms become facts, and of every disjunction a
branch is tried: those that the facts decide first (unit propagation), then the shortest.

References may lead in a circle. The search is for the smallest value, in which no part meets the goals of
the whole: a set of goals that is met again below itself leads nowhere. What was found under such an
assumption is not remembered beyond it.
"""

import time
from dataclasses import dataclass, field
from typing import Final

from sguild_codegen.compat.arrays import ArrayFacts
from sguild_codegen.compat.facts import Facts, Found, Status
from sguild_codegen.compat.formulas import (
    KINDS,
    All,
    AnyOf,
    Formula,
    Goal,
    Goals,
    Kind,
    Matches,
    NoneOf,
    Unfolding,
)
from sguild_codegen.compat.nodes import Space
from sguild_codegen.compat.objects import ObjectFacts
from sguild_codegen.compat.resolving import Json
from sguild_codegen.compat.scalars import Booleans, Null, NumberFacts, TextFacts
from sguild_codegen.compat.undecided import Undecided

_NOT_CUT: Final = 1 << 30
_DEEPEST_STATUS: Final = 40


@dataclass(slots=True)
class Prover:
    """Solves goals about the nodes of one space, until ``deadline`` (of ``time.monotonic``)."""

    space: Space
    deadline: float
    _memo: dict[Goals, Found | None] = field(default_factory=dict[Goals, Found | None])
    _stack: dict[Goals, int] = field(default_factory=dict[Goals, int])
    _cut: int = _NOT_CUT

    def solve(self, goals: Goals) -> Found | None:
        """Return a value that meets all goals, ``None`` where there is none.

        Raises:
            Undecided: a keyword is not handled, or the time is over.
        """
        if goals in self._memo:
            return self._memo[goals]
        if any(each.negated() in goals for each in goals if each.wanted):
            return None
        if goals in self._stack:
            self._cut = min(self._cut, self._stack[goals])
            return None
        return self._solve_new(goals)

    def _solve_new(self, goals: Goals) -> Found | None:
        self.check_time()
        level, outer = len(self._stack), self._cut
        self._stack[goals] = level
        self._cut = _NOT_CUT
        try:
            found = self._solve_kinds(goals)
        finally:
            del self._stack[goals]
            cut, self._cut = self._cut, min(outer, self._cut if self._cut < level else _NOT_CUT)
        if found is not None or cut >= level:
            self._memo[goals] = found
        return found

    def _solve_kinds(self, goals: Goals) -> Found | None:
        open_question: Undecided | None = None
        for kind in KINDS:
            try:
                found = self._search(kind, self._facts(kind), list(goals), [], {})
            except Undecided as error:
                open_question = error
                continue
            if found is not None:
                return found
        if open_question is not None:
            raise open_question
        return None

    def is_impossible(self, goals: Goals) -> bool:
        """Tell whether it is proven, whatever else is assumed, that no value meets all goals."""
        outer, self._cut = self._cut, _NOT_CUT
        try:
            return self.solve(goals) is None and self._cut == _NOT_CUT
        except Undecided:
            return False
        finally:
            self._cut = outer

    def text(
        self, goals: Goals, wanted: frozenset[str], unwanted: frozenset[str], excluded: frozenset[str]
    ) -> str | None:
        """Return a text that meets the goals, matches patterns, and is none of some texts."""
        atoms: list[Formula] = [Matches(each) for each in wanted]
        atoms += (Matches(each, wanted=False) for each in unwanted)
        atoms += (NoneOf(excluded),) if excluded else ()
        found = self._search("string", TextFacts(self.check_time), [*goals, *atoms], [], {})
        return None if found is None else str(found.value)

    def constant(self, value: Json) -> Goal:
        """Return the goal to be that value."""
        return Goal(self.space.constant(value))

    def check_time(self) -> None:
        """Raise ``Undecided`` when the time of the comparison is over."""
        if time.monotonic() > self.deadline:
            raise Undecided("the time for this comparison is over")

    def _facts(self, kind: Kind) -> Facts:
        match kind:
            case "null":
                return Null()
            case "boolean":
                return Booleans()
            case "number":
                return NumberFacts()
            case "string":
                return TextFacts(self.check_time)
            case "array":
                return ArrayFacts(self)
            case "object":
                return ObjectFacts(self)

    def _search(
        self,
        kind: Kind,
        facts: Facts,
        pending: list[Formula],
        open_: list[AnyOf],
        assigned: dict[Unfolding, bool],
    ) -> Found | None:
        """Return a value of a kind; the arguments are the search's own from here on."""
        while True:
            if not _propagate(kind, facts, pending, open_, assigned):
                return None
            if not open_:
                return facts.witness()
            if not facts.is_consistent():
                return None
            reduced = self._reduced(kind, facts, open_, assigned)
            if reduced is None:
                return None
            open_, pending = reduced
            if not pending:
                break
        return self._branch(kind, facts, open_, assigned) if open_ else facts.witness()

    def _branch(
        self, kind: Kind, facts: Facts, open_: list[AnyOf], assigned: dict[Unfolding, bool]
    ) -> Found | None:
        self.check_time()
        chosen = min(open_, key=_rank)
        rest = [each for each in open_ if each is not chosen]
        open_question: Undecided | None = None
        for part in chosen.parts:
            try:
                found = self._search(kind, facts.copy(), [part], list(rest), dict(assigned))
            except Undecided as error:
                open_question = error
                continue
            if found is not None:
                return found
        if open_question is not None:
            raise open_question
        return None

    def _reduced(
        self, kind: Kind, facts: Facts, open_: list[AnyOf], assigned: dict[Unfolding, bool]
    ) -> tuple[list[AnyOf], list[Formula]] | None:
        """Return the disjunctions that are left, and what has to hold now; ``None`` for a contradiction."""
        left: list[AnyOf] = []
        units: list[Formula] = []
        judge = _Judge(kind, facts, assigned)
        for each in open_:
            parts: list[Formula] = []
            for part in each.parts:
                status = judge.status(part)
                if status is Status.HOLDS:
                    break
                if status is Status.OPEN:
                    parts.append(part)
            else:
                if not parts:
                    return None
                if len(parts) == 1:
                    units.append(parts[0])
                else:
                    left.append(AnyOf(tuple(parts)))
        return left, units


def _propagate(
    kind: Kind,
    facts: Facts,
    pending: list[Formula],
    open_: list[AnyOf],
    assigned: dict[Unfolding, bool],
) -> bool:
    """Take what has to hold apart, down to facts and disjunctions; ``False`` for a contradiction."""
    while pending:
        match pending.pop():
            case Goal() as goal:
                known = assigned.get(goal.node)
                if known is None:
                    assigned[goal.node] = goal.wanted
                    pending.append(goal.formula(kind))
                elif known is not goal.wanted:
                    return False
            case All(parts):
                pending += parts
            case AnyOf() as choice:
                if not choice.parts:
                    return False
                open_.append(choice)
            case atom:
                if not facts.add(atom):
                    return False
    return True


def _rank(choice: AnyOf) -> tuple[bool, int]:
    """Order disjunctions: first those that say what a value is (the branches of a union), then short ones."""
    return not all(_says_what_is(each) for each in choice.parts), len(choice.parts)


def _says_what_is(part: Formula) -> bool:
    first = part.parts[0] if isinstance(part, All) and part.parts else part
    return isinstance(first, Goal) and first.wanted


@dataclass(slots=True)
class _Judge:
    """Tells what the facts of one moment decide; what it found about a goal it knows the next time."""

    kind: Kind
    facts: Facts
    assigned: dict[Unfolding, bool]
    known: dict[Goal, Status] = field(default_factory=dict[Goal, Status])

    def status(self, formula: Formula, depth: int = 0) -> Status:
        match formula:
            case Goal() as goal:
                return self._of_goal(goal, depth)
            case All(parts):
                return self._of_parts(parts, depth, Status.FAILS, Status.HOLDS)
            case AnyOf(parts):
                return self._of_parts(parts, depth, Status.HOLDS, Status.FAILS)
            case atom:
                return self.facts.status(atom)

    def _of_goal(self, goal: Goal, depth: int) -> Status:
        wanted = self.assigned.get(goal.node)
        if wanted is not None:
            return Status.HOLDS if wanted is goal.wanted else Status.FAILS
        if goal not in self.known:
            if depth > _DEEPEST_STATUS:
                return Status.OPEN
            self.known[goal] = Status.OPEN  # if it is met again below itself: that leads to no decision
            self.known[goal] = self.status(goal.formula(self.kind), depth + 1)
        return self.known[goal]

    def _of_parts(
        self, parts: tuple[Formula, ...], depth: int, decisive: Status, otherwise: Status
    ) -> Status:
        """Return ``decisive`` if one part has it, ``OPEN`` if one is open, else ``otherwise``."""
        found = otherwise
        for each in parts:
            status = self.status(each, depth)
            if status is decisive:
                return decisive
            if status is Status.OPEN:
                found = Status.OPEN
        return found
