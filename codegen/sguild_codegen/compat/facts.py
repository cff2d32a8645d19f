"""What the search for a document has found out so far about a value of one kind."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, Self

from sguild_codegen.compat.formulas import Formula, Goal, Goals
from sguild_codegen.compat.resolving import Json


class Status(Enum):
    """Whether an atom is decided by what is known."""

    HOLDS = "holds"
    FAILS = "fails"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Found:
    """A value; ``None`` is JSON's null."""

    value: Json


class Solver(Protocol):
    """What the facts of containers ask about the values inside them."""

    def solve(self, goals: Goals) -> Found | None:
        """Return a value that meets all goals, ``None`` where the search finds none."""
        ...

    def is_impossible(self, goals: Goals) -> bool:
        """Tell whether it is proven, whatever else is assumed, that no value meets all goals."""
        ...

    def text(
        self, goals: Goals, wanted: frozenset[str], unwanted: frozenset[str], excluded: frozenset[str]
    ) -> str | None:
        """Return a text that meets the goals, matches patterns, and is none of some texts."""
        ...

    def constant(self, value: Json) -> Goal:
        """Return the goal to be that value."""
        ...

    def check_time(self) -> None:
        """Raise ``Undecided`` when the time of the comparison is over."""
        ...


class Facts(ABC):
    """The atoms that are known to hold; they may contradict each other until ``witness`` has looked."""

    __slots__ = ()

    @abstractmethod
    def copy(self) -> Self:
        """Return facts that can grow without these."""

    @abstractmethod
    def add(self, atom: Formula) -> bool:
        """Note one more atom; ``False`` where it plainly contradicts the others."""

    def is_consistent(self) -> bool:
        """Tell whether a value may still exist; a look that is worth its time before branches are tried."""
        return True

    @abstractmethod
    def status(self, atom: Formula) -> Status:
        """Return whether the facts decide an atom; ``OPEN`` is always right."""

    @abstractmethod
    def witness(self) -> Found | None:
        """Return a value of which all facts are true, ``None`` where there is none.

        Raises:
            Undecided: it cannot be told.
        """
