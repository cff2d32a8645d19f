"""Comparing two schemas: which of their readers break, with a document that proves it.

Backward means that readers of the new schema meet old documents, forward that readers of the old schema meet
new ones. A direction is *breaking* if there is a document that the writer's schema accepts and the reader's
refuses: it is found by the prover, made small, and shown only if jsonschema and jsonschema-rs both say so. A
direction is *compatible* if the prover has shown that there is none; where jsonschema-rs can tell, it has to
agree. Everything else is *undecided*, with the reason.
"""

import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from sguild_codegen.compat.formulas import Goal
from sguild_codegen.compat.loops import applies_itself
from sguild_codegen.compat.nodes import ANNOTATIONS, Space
from sguild_codegen.compat.portable import portable
from sguild_codegen.compat.prover import Prover
from sguild_codegen.compat.resolving import Document, Json, copied, objects
from sguild_codegen.compat.second_proof import covers
from sguild_codegen.compat.tolerance import tolerant
from sguild_codegen.compat.undecided import Undecided
from sguild_codegen.compat.validators import Complaint, Judge, second_opinion
from sguild_codegen.compat.vocabulary import KEYWORDS
from sguild_codegen.compat.witnesses import smallest

Verdict: TypeAlias = Literal["compatible", "breaking", "undecided"]
Lens: TypeAlias = Literal["strict", "tolerant"]

_NONE: Final = object()
BUDGET: Final = 1.8
"""Seconds that the search for both directions may take."""


@dataclass(frozen=True, slots=True)
class Direction:
    """The verdict on one direction.

    ``witness`` is the document that proves a break; it may be null, so decide by the verdict. ``complaints``
    are what the reader has against it; the pointers are those of the first: ``witness_pointer`` in the
    document, ``schema_pointer`` in the reader's schema, through whose references it passes.
    ``reason`` says why a direction is undecided. ``proven_twice`` tells whether jsonschema-rs proves a
    compatible direction as well.
    """

    verdict: Verdict
    witness: Json = None
    complaints: tuple[Complaint, ...] = ()
    reason: str | None = None
    proven_twice: bool = False

    @property
    def witness_pointer(self) -> str | None:
        """Where the witness is refused."""
        return self.complaints[0].document_pointer if self.complaints else None

    @property
    def schema_pointer(self) -> str | None:
        """What refuses it."""
        return self.complaints[0].schema_pointer if self.complaints else None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two schemas mean for each other's readers; ``ignored`` are keywords that constrain nothing."""

    lens: Lens
    backward: Direction
    forward: Direction
    ignored: tuple[str, ...] = ()


def compare(
    old: Json,
    new: Json,
    lens: Lens = "strict",
    *,
    closed_enums: Collection[str] = (),
    budget: float = BUDGET,
) -> Comparison:
    """Compare two JSON Schemas (2020-12, formats asserted).

    Args:
        old: a JSON value, any at all: one that is no schema makes both directions undecided.
        new: likewise.
        lens: ``"tolerant"`` if readers ignore unknown properties and unknown values of string enums.
        closed_enums: properties of the root whose enum a tolerant reader does not open.
        budget: seconds that the search may take; a verdict that takes longer is undecided.

    Raises:
        ValueError: ``lens`` is none.
    """
    if lens not in get_args(Lens):
        raise ValueError(f"{lens!r} is no lens: choose strict or tolerant.")
    try:
        comparing = _Comparing(old, new, lens, frozenset(closed_enums), budget)
    except (Undecided, RecursionError) as error:
        undecided = Direction("undecided", reason=_reason(error))
        return Comparison(lens, undecided, undecided, ())
    return Comparison(
        lens,
        comparing.direction(writer=0, reader=1),
        comparing.direction(writer=1, reader=0),
        tuple(sorted({*_ignored(old), *_ignored(new)})),
    )


def reading(
    writes: Json, reads: Json, *, closed_enums: Collection[str] = (), budget: float = BUDGET
) -> Direction:
    """Return whether a tolerant reader of one schema accepts all documents of another one.

    It is what :func:`compare` says of that direction, but that the witness of a break is judged by one
    validator alone, whose import takes no time: a break is told, and not to be proven to anybody.
    """
    try:
        comparing = _Comparing(writes, reads, "tolerant", frozenset(closed_enums), budget)
    except (Undecided, RecursionError) as error:
        return Direction("undecided", reason=_reason(error))
    return comparing.direction(writer=0, reader=1, agreed=False)


class _Comparing:
    """Both schemas in one space of nodes, with their judges."""

    def __init__(self, old: Json, new: Json, lens: Lens, closed_enums: frozenset[str], budget: float) -> None:
        schemas = [copied(old), copied(new)]
        self.writers = [Judge(each) for each in schemas]
        if any(applies_itself(portable(each)) for each in schemas):
            raise Undecided("a schema refers to itself in the same place")
        self.readers = self.writers
        if lens == "tolerant":
            self.readers = [Judge(copied(tolerant(each, closed_enums))) for each in schemas]
        self.space = Space()
        self.prover = Prover(self.space, 0.0)
        # What $dynamicRef means depends on how one came there: schemas of the same words may differ.
        self.is_dynamic = any("$dynamicRef" in each for root in schemas for each in objects(root))
        self.budget = budget / 2

    def direction(self, *, writer: int, reader: int, agreed: bool = True) -> Direction:
        """Return the verdict for one schema's documents and the other one's readers."""
        writes, reads = self.writers[writer], self.readers[reader]
        self.prover.deadline = time.monotonic() + self.budget
        try:
            goals = frozenset({self._goal(writes), self._goal(reads).negated()})
            found = self.prover.solve(goals)
            if found is None:
                return self._compatible(writes, reads)
            return _breaking(writes, reads, found.value, agreed=agreed)
        except (Undecided, RecursionError) as error:
            return Direction("undecided", reason=_reason(error))

    def _compatible(self, writes: Judge, reads: Judge) -> Direction:
        if self.is_dynamic:
            raise Undecided("$dynamicRef is not handled")
        told = covers(reads.schema, writes.schema)
        if told is False:
            raise Undecided("the two provers disagree")
        return Direction("compatible", proven_twice=told is True)

    def _goal(self, judge: Judge) -> Goal:
        return Goal(self.space.root(Document(judge.schema)))


def _breaking(writes: Judge, reads: Judge, found: Json, *, agreed: bool) -> Direction:
    def proves(document: Json) -> bool:
        return writes.accepts(document) and not reads.accepts(document)

    if not proves(found):
        raise Undecided("the validator does not agree with the witness that was found")
    small = smallest(found, proves)
    witness = next(_agreed(writes, reads, (small, found)), _NONE) if agreed else small
    if witness is _NONE:
        raise Undecided("the two validators disagree about the witness that was found")
    return Direction("breaking", witness, tuple(reads.complaints(witness)))


def _agreed(writes: Judge, reads: Judge, witnesses: Iterable[Json]) -> Iterator[Json]:
    accepted, read = second_opinion(writes.schema), second_opinion(reads.schema)
    return (each for each in witnesses if accepted(each) and not read(each))


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, Undecided) else "the schemas are nested too deeply"


def _ignored(schema: Json) -> Iterator[str]:
    """Yield the keywords that are annotations to a comparison, because no vocabulary has them."""
    for each in objects(schema):
        yield from (name for name in each if name not in KEYWORDS and name not in ANNOTATIONS)
