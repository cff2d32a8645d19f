"""Keywords that say nothing: for another type, or said already by what stands beside them."""

import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from sguild_codegen.compat.resolving import canonical
from sguild_codegen.lint.contracts import Breach, Contracts, SchemaFile
from sguild_codegen.lint.edits import Removal
from sguild_codegen.lint.proofs import Proofs
from sguild_codegen.model.schema import JsonType, Schema
from sguild_codegen.report import lint_rules as rules
from sguild_codegen.report.rules import Rule
from sguild_codegen.report.safe import shown

_NUMBERS: Final[tuple[JsonType, ...]] = ("number", "integer")
_KINDS: Final[Mapping[str, tuple[str, tuple[JsonType, ...]]]] = MappingProxyType(
    {
        **dict.fromkeys(("minLength", "maxLength", "pattern", "format"), ("texts", ("string",))),
        **dict.fromkeys(
            ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
            ("numbers", _NUMBERS),
        ),
        **dict.fromkeys(
            (
                *("items", "prefixItems", "contains", "minContains", "maxContains", "minItems", "maxItems"),
                *("uniqueItems", "unevaluatedItems"),
            ),
            ("arrays", ("array",)),
        ),
        **dict.fromkeys(
            (
                *("properties", "required", "additionalProperties", "patternProperties", "propertyNames"),
                *("minProperties", "maxProperties", "dependentRequired", "dependentSchemas"),
                "unevaluatedProperties",
            ),
            ("objects", ("object",)),
        ),
    }
)
# What a keyword says that is there by default.
_DEFAULTS: Final[Mapping[str, object]] = MappingProxyType(
    {
        **dict.fromkeys(("minLength", "minItems", "minProperties"), 0),
        "uniqueItems": False,
        "minContains": 1,
        "required": [],
        "$defs": {},
        "patternProperties": {},
        "dependentRequired": {},
        "dependentSchemas": {},
        "examples": [],
    }
)
# Keywords that need another one to say anything.
_NEEDED: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "then": ("if",),
        "else": ("if",),
        "if": ("then", "else"),
        "minContains": ("contains",),
        "maxContains": ("contains",),
    }
)
_TAKEN: Final = (("unevaluatedProperties", "additionalProperties"), ("unevaluatedItems", "items"))
# Constraints on a single value that refer to nothing.
_PLAIN: Final = (
    *("minLength", "maxLength", "pattern", "format"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    *("minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties"),
)


def check(contracts: Contracts, proofs: Proofs) -> Iterator[Breach]:
    """Check every keyword of every schema."""
    for file in contracts.files:
        proofs.begin()
        for node in file.nodes:
            raw = file.raw(node)
            yield from _foreign(file, node, raw)
            yield from _bounds(file, node, raw)
            yield from _idle(file, node, raw)
            yield from _beside_values(file, node, raw, proofs)
            yield from _repeated(file, node, raw)


def _removable(file: SchemaFile, rule: Rule, node: Schema, key: str, **values: object) -> Breach:
    # What stands inside a schema may be referred to: only what holds none goes without a look.
    value = file.raw(node)[key]
    is_plain = not isinstance(value, dict | list) or not value
    edits = (Removal(f"{node.pointer}/{key}"),) if is_plain else ()
    return file.breach(rule, node, f"/{key}", at_key=True, edits=edits, key=key, **values)


def _foreign(file: SchemaFile, node: Schema, raw: Mapping[str, Any]) -> Iterator[Breach]:
    if node.types is None:
        return
    for key in raw:
        if key not in _KINDS:
            continue
        kind, types = _KINDS[key]
        if set(types).isdisjoint(node.types):
            listed = " or ".join(node.types)
            yield _removable(file, rules.FOREIGN_KEYWORD, node, key, kind=kind, types=listed)


def _bounds(file: SchemaFile, node: Schema, raw: Mapping[str, Any]) -> Iterator[Breach]:
    for key, reason in _implied(node):
        if key in raw:
            yield _removable(file, rules.IMPLIED_BOUND, node, key, value=shown(raw[key]), reason=reason)


def _implied(node: Schema) -> Iterator[tuple[str, str]]:
    """Yield the bounds of a node that others imply, and which ones."""
    low, above = node.minimum, node.exclusive_minimum
    if low is not None and above is not None:
        yield (
            ("minimum", f"exclusiveMinimum {shown(above)}")
            if above >= low
            else ("exclusiveMinimum", f"minimum {shown(low)}")
        )
    high, below = node.maximum, node.exclusive_maximum
    if high is not None and below is not None:
        yield (
            ("maximum", f"exclusiveMaximum {shown(below)}")
            if below <= high
            else ("exclusiveMaximum", f"maximum {shown(high)}")
        )
    if node.min_properties and node.min_properties <= len(node.required):
        yield "minProperties", f"the {len(node.required)} required properties"
    if node.multiple_of == 1 and node.types == ("integer",):
        yield "multipleOf", "the type integer"
    is_closed = node.additional_properties is not None and node.additional_properties.boolean is False
    most = len(node.properties)
    if is_closed and not node.pattern_properties and (node.max_properties or 0) >= max(most, 1):
        yield "maxProperties", f"the {most} properties of a closed object"


def _idle(file: SchemaFile, node: Schema, raw: Mapping[str, Any]) -> Iterator[Breach]:
    for key, value in raw.items():
        needed = _NEEDED.get(key)
        if key in _DEFAULTS and json.dumps(value) == json.dumps(_DEFAULTS[key]):
            reason = f"with the value {shown(value)}"
            yield _removable(file, rules.IDLE_KEYWORD, node, key, reason=reason)
        elif needed is not None and not any(each in raw for each in needed):
            yield _removable(file, rules.IDLE_KEYWORD, node, key, reason=f"without {' or '.join(needed)}")
    for key, other in _TAKEN:
        if key in raw and other in raw:
            yield _removable(file, rules.IDLE_KEYWORD, node, key, reason=f"beside {other}")


def _beside_values(
    file: SchemaFile, node: Schema, raw: Mapping[str, Any], proofs: Proofs
) -> Iterator[Breach]:
    listed = (node.const,) if node.has_const else node.enum
    if not listed:
        return
    other = "const" if node.has_const else "enum"
    for key in _PLAIN:
        if key in raw and all(proofs.always_accepts(node, {key: raw[key]}, each) for each in listed):
            yield _removable(file, rules.IDLE_BESIDE_VALUES, node, key, other=other)


def _repeated(file: SchemaFile, node: Schema, raw: Mapping[str, Any]) -> Iterator[Breach]:
    for key, branches in (("allOf", node.all_of), ("anyOf", node.any_of), ("oneOf", node.one_of)):
        seen: dict[str, int] = {}
        for index in range(len(branches)):
            first = seen.setdefault(canonical(raw[key][index]), index)
            if first != index:
                place = f"/{key}/{index}"
                yield file.breach(rules.REPEATED_BRANCH, node, place, key=key, other=first + 1)
