"""The keywords of JSON Schema 2020-12: which field of the model each one fills, and what its value may be.

A check returns the typed value, or raises :class:`KeywordError` with what the value has to be.
"""

import contextlib
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, TypeAlias, get_args
from urllib.parse import urlsplit

from sguild_codegen.model.schema import JsonType, JsonValue

TYPES: Final[tuple[JsonType, ...]] = get_args(JsonType)
_ANCHOR: Final = re.compile(r"[A-Za-z_][-A-Za-z0-9._]*")


class KeywordError(Exception):
    """The value of a keyword is not what JSON Schema allows; ``inner`` is the pointer below the keyword."""

    def __init__(self, expected: str, value: JsonValue, inner: str = "") -> None:
        super().__init__(expected)
        self.expected = expected
        self.value = value
        self.inner = inner


Check: TypeAlias = Callable[[JsonValue], Any]


@dataclass(frozen=True, slots=True)
class Plain:
    """A keyword whose value is no schema."""

    field: str
    check: Check


@dataclass(frozen=True, slots=True)
class One:
    """A keyword whose value is a schema."""

    field: str


@dataclass(frozen=True, slots=True)
class Many:
    """A keyword whose value is an array of schemas, at least one."""

    field: str


@dataclass(frozen=True, slots=True)
class Named:
    """A keyword whose value is an object of schemas; with ``patterns`` the names are regular expressions."""

    field: str
    patterns: bool = False


Keyword: TypeAlias = Plain | One | Many | Named


def text(value: JsonValue) -> str:
    """Accept a string."""
    if not isinstance(value, str):
        raise KeywordError("a string", value)
    return value


def flag(value: JsonValue) -> bool:
    """Accept a boolean."""
    if not isinstance(value, bool):
        raise KeywordError("true or false", value)
    return value


def count(value: JsonValue) -> int:
    """Accept an integer from 0; ``2.0`` is one."""
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or value < 0
        or value != math.floor(value)
    ):
        raise KeywordError("an integer that is not negative", value)
    return int(value)


def number(value: JsonValue) -> int | float:
    """Accept a number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise KeywordError("a number", value)
    return value


def positive(value: JsonValue) -> int | float:
    """Accept a number above 0."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise KeywordError("a number greater than 0", value)
    return value


def types(value: JsonValue) -> tuple[JsonType, ...]:
    """Accept the name of a type, or an array of such names."""
    listed = value if isinstance(value, list) else [value]
    expected = f"one of {', '.join(TYPES)}, or an array of them, each once"
    if not listed:
        raise KeywordError(expected, value)
    for index, each in enumerate(listed):
        if each not in TYPES or each in listed[:index]:
            raise KeywordError(expected, each, f"/{index}" if isinstance(value, list) else "")
    return tuple(each for each in TYPES if each in listed)


def anything(value: JsonValue) -> JsonValue:
    """Accept any JSON value."""
    return value


def values(value: JsonValue) -> tuple[JsonValue, ...]:
    """Accept an array of any JSON values."""
    if not isinstance(value, list):
        raise KeywordError("an array", value)
    return tuple(value)


def names(value: JsonValue) -> tuple[str, ...]:
    """Accept an array of strings, each once."""
    expected = "an array of strings, each once"
    if not isinstance(value, list):
        raise KeywordError(expected, value)
    found: dict[str, None] = {}
    for index, each in enumerate(value):
        if not isinstance(each, str) or each in found:
            raise KeywordError(expected, each, f"/{index}")
        found[each] = None
    return tuple(found)


def names_by_name(value: JsonValue) -> Mapping[str, tuple[str, ...]]:
    """Accept an object whose values are arrays of strings."""
    if not isinstance(value, dict):
        raise KeywordError("an object of arrays of strings", value)
    return MappingProxyType({key: names(each) for key, each in value.items()})


def anchor(value: JsonValue) -> str:
    """Accept the plain name of an anchor."""
    if not isinstance(value, str) or not _ANCHOR.fullmatch(value):
        raise KeywordError("a name of ASCII letters, digits and _ - .", value)
    return value


def identifier(value: JsonValue) -> str:
    """Accept a URI without a fragment, on one line."""
    if isinstance(value, str) and value and "#" not in value and value.isascii() and value.isprintable():
        with contextlib.suppress(ValueError):
            urlsplit(value)
            return value
    raise KeywordError("a URI without # in it", value)


def equal_key(value: JsonValue) -> str:
    """Return a key that is the same for values that JSON Schema calls equal: 1 and 1.0, not 1 and true."""
    return json.dumps(_canonical(value), sort_keys=True)


def _canonical(value: JsonValue) -> JsonValue:
    if isinstance(value, list):
        return [_canonical(each) for each in value]
    if isinstance(value, dict):
        return {key: _canonical(each) for key, each in value.items()}
    return int(value) if isinstance(value, float) and value.is_integer() else value


KEYWORDS: Final[Mapping[str, Keyword]] = MappingProxyType(
    {
        "$schema": Plain("dialect", text),
        "$id": Plain("schema_id", identifier),
        "$anchor": Plain("anchor", anchor),
        "$ref": Plain("ref", text),
        "$defs": Named("definitions"),
        "$comment": Plain("comment", text),
        "title": Plain("title", text),
        "description": Plain("description", text),
        "deprecated": Plain("deprecated", flag),
        "readOnly": Plain("read_only", flag),
        "writeOnly": Plain("write_only", flag),
        "default": Plain("default", anything),
        "examples": Plain("examples", values),
        "contentEncoding": Plain("content_encoding", text),
        "contentMediaType": Plain("content_media_type", text),
        "contentSchema": One("content_schema"),
        "type": Plain("types", types),
        "enum": Plain("enum", values),
        "const": Plain("const", anything),
        "minLength": Plain("min_length", count),
        "maxLength": Plain("max_length", count),
        "pattern": Plain("pattern", text),
        "format": Plain("format", text),
        "minimum": Plain("minimum", number),
        "maximum": Plain("maximum", number),
        "exclusiveMinimum": Plain("exclusive_minimum", number),
        "exclusiveMaximum": Plain("exclusive_maximum", number),
        "multipleOf": Plain("multiple_of", positive),
        "properties": Named("properties"),
        "required": Plain("required", names),
        "additionalProperties": One("additional_properties"),
        "patternProperties": Named("pattern_properties", patterns=True),
        "propertyNames": One("property_names"),
        "minProperties": Plain("min_properties", count),
        "maxProperties": Plain("max_properties", count),
        "dependentRequired": Plain("dependent_required", names_by_name),
        "dependentSchemas": Named("dependent_schemas"),
        "unevaluatedProperties": One("unevaluated_properties"),
        "items": One("items"),
        "prefixItems": Many("prefix_items"),
        "contains": One("contains"),
        "minContains": Plain("min_contains", count),
        "maxContains": Plain("max_contains", count),
        "minItems": Plain("min_items", count),
        "maxItems": Plain("max_items", count),
        "uniqueItems": Plain("unique_items", flag),
        "unevaluatedItems": One("unevaluated_items"),
        "allOf": Many("all_of"),
        "anyOf": Many("any_of"),
        "oneOf": Many("one_of"),
        "not": One("not_"),
        "if": One("if_"),
        "then": One("then"),
        "else": One("else_"),
    }
)

UNSUPPORTED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "$dynamicRef": "where it leads depends on who refers to the schema",
        "$dynamicAnchor": "where it leads depends on who refers to the schema",
        "$recursiveRef": "it belongs to an older draft",
        "$recursiveAnchor": "it belongs to an older draft",
        "$vocabulary": "it is for meta-schemas",
    }
)

# What users of older drafts and of other dialects write, and what they mean.
MEANT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "id": "$id",
        "definitions": "$defs",
        "dependencies": "dependentRequired or dependentSchemas",
        "additionalItems": "items (beside prefixItems)",
        "nullable": '"type": ["…", "null"]',
        "example": "examples",
        "discriminator": "oneOf with a const in each branch",
        "optional": "required",
    }
)
