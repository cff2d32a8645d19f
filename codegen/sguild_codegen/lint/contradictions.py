"""Contradictions, each of them proven: schemas, branches and values that look possible and are not."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from sguild_codegen.lint.contracts import Breach, Contracts, SchemaFile
from sguild_codegen.lint.proofs import Proofs
from sguild_codegen.lint.values import tested
from sguild_codegen.model.schema import JsonType, JsonValue, Schema
from sguild_codegen.report import lint_rules as rules
from sguild_codegen.report.safe import shown

_NOT_CONSTRAINING: Final = frozenset(
    (
        *("type", "format", "$ref", "$schema", "$id", "$anchor", "$comment", "$defs"),
        *("title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly"),
        *("contentEncoding", "contentMediaType", "contentSchema"),
    )
)
_CONDITION: Final = frozenset(("if", "then", "else"))


def check(contracts: Contracts, proofs: Proofs) -> Iterator[Breach]:
    """Check whether each schema can be met, and each part of it matters."""
    for file in contracts.files:
        proofs.begin()
        yield from _FileCheck(file, proofs, tested(file.root)).run()


def left_open(contracts: Contracts, proofs: Proofs) -> Iterator[Breach]:
    """Tell what the checks before this one could not decide, once a file."""
    for file in contracts.files:
        found = proofs.left_open.get(file.name, ())
        if found:
            reasons = "; ".join(dict.fromkeys(each.reason for each in found))
            count = "one question" if len(found) == 1 else f"{len(found)} questions"
            yield file.breach(rules.LEFT_OPEN, found[0].node, count=count, reason=reasons)


@dataclass(slots=True)
class _FileCheck:
    file: SchemaFile
    proofs: Proofs
    tests: set[Schema]
    empty: dict[Schema, bool] = field(default_factory=dict[Schema, bool])

    def run(self) -> Iterator[Breach]:
        found = self._below(self.file.root)
        yield from found
        for node in self.file.nodes:
            if node not in self.tests and not self._is_empty(node):
                yield from self._branches(node)
                yield from self._condition(node)
                yield from self._examples(node)
                yield from self._values(node)

    def _below(self, node: Schema) -> list[Breach]:
        """Return what is impossible in a node: the cause alone, not each schema around it."""
        if node in self.tests:
            return []
        found = [breach for child in node.children() for breach in self._below(child)]
        for index, name in enumerate(node.required):
            schema = node.properties.get(name)
            if schema is not None and (schema.boolean is False or self._is_empty(schema)):
                place = f"/required/{index}"
                found.append(self.file.breach(rules.REQUIRED_IMPOSSIBLE, node, place, value=shown(name)))
        if not found and self._is_empty(node):
            found.append(self.file.breach(rules.ACCEPTS_NOTHING, node))
        return found

    def _is_empty(self, node: Schema) -> bool:
        """Tell whether a schema accepts nothing; a reference is judged where it leads."""
        if node not in self.empty:
            constrains = self.file.raw(node).keys() - _NOT_CONSTRAINING
            self.empty[node] = bool(constrains) and self.proofs.is_empty(node)
        return self.empty[node]

    def _branches(self, node: Schema) -> Iterator[Breach]:
        for key, branches in (("anyOf", node.any_of), ("oneOf", node.one_of)):
            for index, branch in enumerate(branches):
                if not self._is_empty(branch) and self.proofs.is_empty(node, branch):
                    yield self.file.breach(rules.DEAD_BRANCH, node, f"/{key}/{index}", key=key)

    def _condition(self, node: Schema) -> Iterator[Breach]:
        if node.if_ is None:
            return
        for holds, outcome, idle in ((False, "never holds", "then"), (True, "always holds", "else")):
            if self.proofs.is_decided(node, node.if_, _CONDITION, holds=holds):
                key = idle if idle in self.file.raw(node) else "if"
                yield self.file.breach(
                    rules.IDLE_CONDITION, node, "/if", at_key=True, outcome=outcome, key=key
                )

    def _examples(self, node: Schema) -> Iterator[Breach]:
        listed = [(f"/examples/{index}", "examples", each) for index, each in enumerate(node.examples)]
        listed += [("/default", "default", node.default)] if node.has_default else []
        for place, key, value in listed:
            if self.proofs.refuses(node, value):
                yield self.file.breach(rules.REFUSED_EXAMPLE, node, place, key=key, value=shown(value))

    def _values(self, node: Schema) -> Iterator[Breach]:
        others = self.file.raw(node).keys() - _NOT_CONSTRAINING - {"enum"}
        for index, value in enumerate(node.enum or ()):
            is_plain = not others and node.types is not None and _has_type(value, node.types)
            if not is_plain and (others or node.types is not None) and self.proofs.refuses(node, value):
                place = f"/enum/{index}"
                yield self.file.breach(rules.DEAD_VALUE, node, place, key="enum", value=shown(value))


def _has_type(value: JsonValue, types: tuple[JsonType, ...]) -> bool:
    """Tell at once what needs no proof: whether a text is a string, or null is null."""
    return ("string" in types and isinstance(value, str)) or ("null" in types and value is None)
