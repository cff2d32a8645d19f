"""What a schema says about values of one kind, as and / or / atoms with negation at the atoms only.

An atom speaks of one kind (``AtLeast`` of numbers, ``Has`` of objects); a :class:`Goal` stands for a node
that is unfolded when the search comes to it. ``negated`` of each atom is a formula of the same kind.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal, Protocol, TypeAlias

Kind: TypeAlias = Literal["null", "boolean", "number", "string", "array", "object"]
KINDS: Final[tuple[Kind, ...]] = ("null", "boolean", "number", "string", "array", "object")


class Unfolding(Protocol):
    """What a goal is about: a schema, or a combination of some."""

    def formula(self, kind: Kind, *, wanted: bool) -> "Formula":
        """Return the condition on a value of a kind to be accepted, or (not ``wanted``) to be rejected."""
        ...


class Formula(ABC):
    """A condition on a value of one kind."""

    __slots__ = ()

    @abstractmethod
    def negated(self) -> "Formula":
        """Return the condition that holds where this one does not."""


@dataclass(frozen=True, slots=True)
class All(Formula):
    """Every part holds; with no parts: always."""

    parts: tuple[Formula, ...] = ()

    def negated(self) -> Formula:
        return AnyOf(tuple(each.negated() for each in self.parts))


@dataclass(frozen=True, slots=True)
class AnyOf(Formula):
    """At least one part holds; with no parts: never."""

    parts: tuple[Formula, ...] = ()

    def negated(self) -> Formula:
        return All(tuple(each.negated() for each in self.parts))


TRUE: Final = All()
FALSE: Final = AnyOf()


def all_of(*parts: Formula) -> Formula:
    """Return the conjunction, without nesting and without parts that always hold."""
    flat: list[Formula] = []
    for each in parts:
        if each == FALSE:
            return FALSE
        flat += each.parts if isinstance(each, All) else (each,)
    return flat[0] if len(flat) == 1 else All(tuple(flat))


def any_of(*parts: Formula) -> Formula:
    """Return the disjunction, without nesting and without parts that never hold."""
    flat: list[Formula] = []
    for each in parts:
        if each == TRUE:
            return TRUE
        flat += each.parts if isinstance(each, AnyOf) else (each,)
    return flat[0] if len(flat) == 1 else AnyOf(tuple(flat))


@dataclass(frozen=True, slots=True)
class Goal(Formula):
    """A value has to be (or not to be) what a node accepts."""

    node: Unfolding
    wanted: bool = True

    def negated(self) -> "Goal":
        return Goal(self.node, not self.wanted)

    def formula(self, kind: Kind) -> Formula:
        """Return what the goal says about values of a kind."""
        return self.node.formula(kind, wanted=self.wanted)


Goals: TypeAlias = frozenset[Goal]


# Scalars


@dataclass(frozen=True, slots=True)
class OneOf(Formula):
    """A scalar is one of the values: booleans, fractions or texts."""

    values: frozenset[bool | Fraction | str]

    def negated(self) -> Formula:
        return NoneOf(self.values)


@dataclass(frozen=True, slots=True)
class NoneOf(Formula):
    """A scalar is none of the values."""

    values: frozenset[bool | Fraction | str]

    def negated(self) -> Formula:
        return OneOf(self.values)


@dataclass(frozen=True, slots=True)
class AtLeast(Formula):
    """A number is at least (``strict``: above) the bound."""

    bound: Fraction
    strict: bool = False

    def negated(self) -> Formula:
        return AtMost(self.bound, not self.strict)


@dataclass(frozen=True, slots=True)
class AtMost(Formula):
    """A number is at most (``strict``: below) the bound."""

    bound: Fraction
    strict: bool = False

    def negated(self) -> Formula:
        return AtLeast(self.bound, not self.strict)


@dataclass(frozen=True, slots=True)
class Multiple(Formula):
    """A number is (or is not) a multiple."""

    divisor: Fraction
    wanted: bool = True

    def negated(self) -> Formula:
        return Multiple(self.divisor, not self.wanted)


@dataclass(frozen=True, slots=True)
class Matches(Formula):
    """A text holds a match of the pattern (or none)."""

    pattern: str
    wanted: bool = True

    def negated(self) -> Formula:
        return Matches(self.pattern, not self.wanted)


@dataclass(frozen=True, slots=True)
class HasFormat(Formula):
    """A text is (or is not) of the format."""

    format: str
    wanted: bool = True

    def negated(self) -> Formula:
        return HasFormat(self.format, not self.wanted)


@dataclass(frozen=True, slots=True)
class SizeAtLeast(Formula):
    """A text, an array or an object has at least so many code points, elements or properties."""

    size: int

    def negated(self) -> Formula:
        return SizeAtMost(self.size - 1)


@dataclass(frozen=True, slots=True)
class SizeAtMost(Formula):
    """A text, an array or an object has at most so many code points, elements or properties."""

    size: int

    def negated(self) -> Formula:
        return SizeAtLeast(self.size + 1)


# Arrays


@dataclass(frozen=True, slots=True)
class ElementAt(Formula):
    """The element at an index, if there is one, meets the goal."""

    index: int
    goal: Goal

    def negated(self) -> Formula:
        return All((SizeAtLeast(self.index + 1), ElementAt(self.index, self.goal.negated())))


@dataclass(frozen=True, slots=True)
class ElementsFrom(Formula):
    """Every element from an index on meets the goal."""

    start: int
    goal: Goal

    def negated(self) -> Formula:
        return SomeElementFrom(self.start, self.goal.negated())


@dataclass(frozen=True, slots=True)
class SomeElementFrom(Formula):
    """At least one element from an index on meets the goal."""

    start: int
    goal: Goal

    def negated(self) -> Formula:
        return ElementsFrom(self.start, self.goal.negated())


@dataclass(frozen=True, slots=True)
class CountAtLeast(Formula):
    """At least so many elements meet the goal."""

    goal: Goal
    count: int

    def negated(self) -> Formula:
        return CountAtMost(self.goal, self.count - 1)


@dataclass(frozen=True, slots=True)
class CountAtMost(Formula):
    """At most so many elements meet the goal."""

    goal: Goal
    count: int

    def negated(self) -> Formula:
        return CountAtLeast(self.goal, self.count + 1)


@dataclass(frozen=True, slots=True)
class Distinct(Formula):
    """No two elements are equal (or two are)."""

    wanted: bool = True

    def negated(self) -> Formula:
        return Distinct(not self.wanted)


# Objects


@dataclass(frozen=True, slots=True)
class Has(Formula):
    """A property is there."""

    name: str

    def negated(self) -> Formula:
        return Lacks(self.name)


@dataclass(frozen=True, slots=True)
class Lacks(Formula):
    """A property is not there."""

    name: str

    def negated(self) -> Formula:
        return Has(self.name)


@dataclass(frozen=True, slots=True)
class Property(Formula):
    """The value of a property, if it is there, meets the goal."""

    name: str
    goal: Goal

    def negated(self) -> Formula:
        return All((Has(self.name), Property(self.name, self.goal.negated())))


@dataclass(frozen=True, slots=True)
class Cell:
    """A set of property names: none of ``names``, a match of ``pattern``, no match of any of ``others``."""

    names: frozenset[str] = frozenset()
    pattern: str | None = None
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Properties(Formula):
    """The value of every property in a cell meets the goal."""

    cell: Cell
    goal: Goal

    def negated(self) -> Formula:
        return SomeProperty(self.cell, self.goal.negated())


@dataclass(frozen=True, slots=True)
class SomeProperty(Formula):
    """At least one property in a cell is there, and its value meets the goal."""

    cell: Cell
    goal: Goal

    def negated(self) -> Formula:
        return Properties(self.cell, self.goal.negated())


@dataclass(frozen=True, slots=True)
class Names(Formula):
    """Every property name meets the goal."""

    goal: Goal

    def negated(self) -> Formula:
        return SomeName(self.goal.negated())


@dataclass(frozen=True, slots=True)
class SomeName(Formula):
    """At least one property name meets the goal."""

    goal: Goal

    def negated(self) -> Formula:
        return Names(self.goal.negated())
