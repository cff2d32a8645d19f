"""Questions to the prover: what is not proven within the time is not said."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from sguild_codegen.compat.facts import Found
from sguild_codegen.compat.formulas import Goal
from sguild_codegen.compat.nodes import Space
from sguild_codegen.compat.prover import Prover
from sguild_codegen.compat.resolving import Document, Place
from sguild_codegen.compat.undecided import Undecided
from sguild_codegen.emit.bundles import bundled
from sguild_codegen.lint.contracts import SchemaFile
from sguild_codegen.model.schema import JsonValue, Schema

BUDGET: Final = 2.0
"""Seconds that the proofs about one file may take."""


@dataclass(slots=True)
class Proofs:
    """The prover over all files of a contract tree; ``roots`` are their root schemas by name."""

    files: Mapping[str, SchemaFile]
    documents: Mapping[str, bytes]
    _prover: Prover = field(default_factory=lambda: Prover(Space(), 0.0))
    _known: dict[str, Document] = field(default_factory=dict[str, Document])

    def begin(self) -> None:
        """Start the time for the questions about another file."""
        self._prover.deadline = time.monotonic() + BUDGET

    def is_empty(self, *nodes: Schema, but: tuple[Schema, ...] = ()) -> bool:
        """Tell whether it is proven that no value passes all of the nodes and none of ``but``."""
        goals = frozenset(map(self._goal, nodes)) | {self._goal(each).negated() for each in but}
        return self._is_impossible(goals)

    def difference(self, given: Schema, taken: Schema) -> Found | None:
        """Return a value that passes ``given`` and not ``taken``."""
        self.begin()
        try:
            return self._prover.solve(frozenset((self._goal(given), self._goal(taken).negated())))
        except (Undecided, RecursionError):
            return None

    def refuses(self, node: Schema, value: JsonValue) -> bool:
        """Tell whether it is proven that a value does not pass a node."""
        return self._is_impossible(frozenset((self._goal(node), self._prover.constant(value))))

    def always_accepts(self, keywords: Mapping[str, Any], value: JsonValue) -> bool:
        """Tell whether it is proven that a value passes keywords that refer to nothing."""
        document = Document(dict(keywords))
        goal = Goal(self._prover.space.root(document)).negated()
        return self._is_impossible(frozenset((goal, self._prover.constant(value))))

    def is_decided(self, node: Schema, condition: Schema, left_out: frozenset[str], *, holds: bool) -> bool:
        """Tell whether it is proven that a condition holds (or not) for each value that passes a node.

        ``left_out`` are the keywords of the node that do not count.
        """
        document, place = self._place(node)
        kept = {key: value for key, value in place.schema.items() if key not in left_out}
        around = Goal(self._prover.space.node(document, Place(kept, place.base)))
        inside = self._goal(condition)
        return self._is_impossible(frozenset((around, inside.negated() if holds else inside)))

    def _is_impossible(self, goals: frozenset[Goal]) -> bool:
        try:
            return self._prover.solve(goals) is None
        except (Undecided, RecursionError):
            return False

    def _goal(self, node: Schema) -> Goal:
        return Goal(self._prover.space.node(*self._place(node)))

    def _place(self, node: Schema) -> tuple[Document, Place]:
        name = node.location.document
        document = self._known.get(name)
        if document is None:
            document = Document(json.loads(bundled(self.files[name].root, self.documents)))
            self._known[name] = document
        return document, document.resolve(f"#{quote(node.pointer, safe='/~')}", "")
