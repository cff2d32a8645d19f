"""Hypothesis strategies for the documents of a JSON Schema; they need the extra ``strategies``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from hypothesis import reject
from hypothesis import strategies as st

from sguild_dispatcher.testing.documents import DocumentMaker, SeededSource, Source, UnsatisfiableSchemaError
from sguild_dispatcher.testing.documents.sources import uuid7

_SELDOM: Final = 8


def valid_documents(schema: Any, others: Mapping[str, Any] | None = None) -> st.SearchStrategy[Any]:
    """Return a strategy for documents that a schema accepts, formats asserted.

    Args:
        schema: a JSON Schema (2020-12).
        others: schemas that it refers to, by their URI.

    Raises:
        UnsatisfiableSchemaError: there seems to be no such document.
    """
    maker = DocumentMaker(schema, others or {})
    maker.valid(SeededSource("valid"))
    return drawn(maker.valid)


def invalid_documents(schema: Any, others: Mapping[str, Any] | None = None) -> st.SearchStrategy[Any]:
    """Return a strategy for documents that a schema refuses, most of them for one reason in one place.

    Raises:
        UnsatisfiableSchemaError: there seems to be no such document.
    """
    maker = DocumentMaker(schema, others or {})
    maker.invalid(SeededSource("invalid"))
    return drawn(maker.invalid)


def near_documents(schema: Any, others: Mapping[str, Any] | None = None) -> st.SearchStrategy[Any]:
    """Return a strategy for documents of both kinds, which nobody has judged."""
    return drawn(DocumentMaker(schema, others or {}).near)


def drawn(make: Callable[[Source], Any]) -> st.SearchStrategy[Any]:
    """Return the strategy whose values are made from Hypothesis' choices."""

    @st.composite
    def documents(draw: st.DrawFn) -> Any:
        try:
            return make(HypothesisSource(draw))
        except UnsatisfiableSchemaError:
            reject()

    return documents()


@dataclass(frozen=True, slots=True)
class HypothesisSource:
    """Choices that Hypothesis makes, remembers and shrinks.

    ``turn`` turns them round: where the simplest choices contradict each other, others have to follow.
    """

    draw: st.DrawFn
    turn: int = 0

    def below(self, size: int) -> int:
        """Return a number from 0 to ``size - 1``."""
        return (self.draw(_numbers(size)) + self.turn) % size if size > 1 else 0

    def branch(self, size: int) -> int:
        """Return a number from 0 to ``size - 1``."""
        return self.below(size)

    def includes(self) -> bool:
        """Tell whether something optional is to be there."""
        return self.draw(_numbers(2)) == 1

    def unusual(self) -> bool:
        """Tell whether a value at an edge is wanted."""
        return self.draw(_numbers(_SELDOM)) == _SELDOM - 1

    def text(self, low: int, high: int) -> str:
        """Return any text."""
        return self.draw(_texts(low, high))

    def uuid7(self) -> str:
        """Return a UUID of version 7, from the year 2026."""
        return uuid7(self.below(2**34), self.below(2**74))

    def inside(self, step: str) -> "HypothesisSource":  # noqa: ARG002 - Hypothesis knows where it is
        """Return this source."""
        return self

    def again(self, attempt: int) -> "HypothesisSource":
        """Return a source for another attempt."""
        return HypothesisSource(self.draw, self.turn + attempt)


@cache
def _numbers(size: int) -> st.SearchStrategy[int]:
    return st.integers(0, size - 1)


@cache
def _texts(low: int, high: int) -> st.SearchStrategy[str]:
    return st.text(min_size=low, max_size=high)
