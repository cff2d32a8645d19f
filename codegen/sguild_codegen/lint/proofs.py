"""Questions to the prover: what is not proven within the time is not said, and counted."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from sguild_codegen.compat.facts import Found
from sguild_codegen.compat.formulas import Goal
from sguild_codegen.compat.nodes import Space
from sguild_codegen.compat.prover import Prover
from sguild_codegen.compat.resolving import Document, Json, Place, is_object
from sguild_codegen.compat.undecided import Undecided
from sguild_codegen.lint.contracts import SchemaFile
from sguild_codegen.model.identifiers import SCHEMA_ID_BASE
from sguild_codegen.model.schema import JsonValue, Schema

BUDGET: Final = 2.0
"""Seconds that the proofs about one file may take."""


@dataclass(frozen=True, slots=True)
class LeftOpen:
    """A schema about which something is not decided, and why."""

    node: Schema
    reason: str


@dataclass(slots=True)
class Proofs:
    """The prover over all files of a contract tree, by name."""

    files: Mapping[str, SchemaFile]
    _prover: Prover = field(default_factory=lambda: Prover(Space(), 0.0))
    _known: dict[str, Document] = field(default_factory=dict[str, Document])
    left_open: dict[str, list[LeftOpen]] = field(default_factory=dict[str, "list[LeftOpen]"])
    """What was not decided, by file."""

    def begin(self) -> None:
        """Start the time for the questions about another file, or the whole registry."""
        self._prover.deadline = time.monotonic() + BUDGET

    def is_empty(self, *nodes: Schema, but: tuple[Schema, ...] = ()) -> bool:
        """Tell whether it is proven that no value passes all of the nodes and none of ``but``."""
        return self._is_impossible(
            nodes[0], lambda: {*map(self._goal, nodes), *(self._goal(each).negated() for each in but)}
        )

    def difference(self, given: Schema, taken: Schema) -> Found | None:
        """Return a value that passes ``given`` and not ``taken``."""
        self.begin()
        found = self._solved(given, lambda: {self._goal(given), self._goal(taken).negated()})
        return found if isinstance(found, Found) else None

    def refuses(self, node: Schema, value: JsonValue) -> bool:
        """Tell whether it is proven that a value does not pass a node."""
        return self._is_impossible(node, lambda: {self._goal(node), self._prover.constant(value)})

    def always_accepts(self, node: Schema, keywords: Mapping[str, Any], value: JsonValue) -> bool:
        """Tell whether it is proven that a value passes keywords of a node that refer to nothing."""

        def goals() -> set[Goal]:
            goal = Goal(self._prover.space.root(Document(dict(keywords))))
            return {goal.negated(), self._prover.constant(value)}

        return self._is_impossible(node, goals)

    def is_decided(self, node: Schema, condition: Schema, left_out: frozenset[str], *, holds: bool) -> bool:
        """Tell whether it is proven that a condition holds (or not) for each value that passes a node.

        ``left_out`` are the keywords of the node that do not count.
        """

        def goals() -> set[Goal]:
            document, place = self._place(node)
            kept = {key: value for key, value in place.schema.items() if key not in left_out}
            around = Goal(self._prover.space.node(document, Place(kept, place.base)))
            inside = self._goal(condition)
            return {around, inside.negated() if holds else inside}

        return self._is_impossible(node, goals)

    def _is_impossible(self, node: Schema, goals: Callable[[], set[Goal]]) -> bool:
        return self._solved(node, goals) is None

    def _solved(self, node: Schema, goals: Callable[[], set[Goal]]) -> Found | LeftOpen | None:
        """Return a value that meets goals, which are about a node; what is not decided is noted."""
        try:
            return self._prover.solve(frozenset(goals()))
        except (Undecided, RecursionError) as error:
            reason = str(error) if isinstance(error, Undecided) else "it is nested too deeply"
            found = LeftOpen(node, reason)
            self.left_open.setdefault(node.location.document, []).append(found)
            return found

    def _goal(self, node: Schema) -> Goal:
        return Goal(self._prover.space.node(*self._place(node)))

    def _place(self, node: Schema) -> tuple[Document, Place]:
        name = node.location.document
        document = self._known.get(name)
        if document is None:
            document = self._known[name] = Document(self._bundle(name))
        return document, document.resolve(f"#{quote(node.pointer, safe='/~')}", "")

    def _bundle(self, name: str) -> Json:
        """Return a schema with all that it refers to inside; each $id is made to say where its file lies."""
        found: dict[str, Json] = {}
        waiting = [name]
        while waiting:
            each = waiting.pop()
            if each in found:
                continue
            file = self.files[each]
            value = file.value
            found[each] = {**value, "$id": f"{SCHEMA_ID_BASE}{each}"} if is_object(value) else value
            waiting += (node.ref.location.document for node in file.nodes if node.ref is not None)
        root = found.pop(name)
        return {**root, "$defs": {**root.get("$defs", {}), **found}} if found else root
