"""Doubts about the prover, each with the pair that would show it: nothing is worse than a false proof."""

import time
from typing import Any

import jsonschema_rs
import pytest

from sguild_codegen.compat import compare
from sguild_codegen.compat.resolving import Json
from sguild_codegen.compat.tolerance import tolerant

NOTHING: Json = {"not": {}}


def some_property(pattern: str, schema: Json) -> Json:
    """A schema that asks for a property whose name matches and whose value is accepted."""
    return {"not": {"patternProperties": {pattern: {"not": schema}}}}


def objects(*parts: Json, **keywords: Json) -> Json:
    return {"type": "object", **({"allOf": list(parts)} if parts else {}), **keywords}


SATISFIABLE = {
    "two properties of one narrow and one wide pattern": objects(
        some_property("^a$", {"type": "string"}), some_property("a", {"type": "integer"})
    ),
    "the same, the wide one first": objects(
        some_property("a", {"type": "string"}), some_property("^a$", {"type": "integer"})
    ),
    "two properties that have to be one": objects(
        some_property("^a", {"type": "string"}), some_property("b$", {"minLength": 3}), maxProperties=1
    ),
    "a property and a name that have to be one": objects(
        some_property("^a", {"type": "string"}), {"not": {"propertyNames": {"maxLength": 3}}}, maxProperties=1
    ),
    "two names that have to be one": objects(
        {"not": {"propertyNames": {"maxLength": 3}}},
        {"not": {"propertyNames": {"pattern": "^[a-c]+$"}}},
        maxProperties=1,
    ),
    "names that only an enum allows": objects(
        some_property("^a", {"type": "string"}),
        some_property("b$", {"type": "integer"}),
        propertyNames={"enum": ["ab", "ac"]},
    ),
    "many properties of few patterns": objects(
        minProperties=4, propertyNames={"pattern": "^[ab]{1,2}$"}, additionalProperties=False,
        patternProperties={"^a": {"type": "string"}, "b$": {"type": ["string", "null"]}},
    ),
    "a shorter element of a recursive union": {
        "$ref": "#/$defs/tree",
        "$defs": {
            "tree": {
                "type": "object",
                "required": ["left", "right"],
                "properties": {
                    "left": {"anyOf": [{"$ref": "#/$defs/tree"}, {"type": "null"}]},
                    "right": {"anyOf": [{"$ref": "#/$defs/tree"}, {"const": 1}]},
                },
            }
        },
    },
    "distinct elements that swap": {
        "type": "array",
        "prefixItems": [{"enum": [1, 2]}, {"const": 1}, {"enum": [2, 3]}],
        "minItems": 3,
        "uniqueItems": True,
    },
    "the element that is counted is not the first one": {
        "type": "array",
        "prefixItems": [{"enum": [1, 2]}, {"const": 1}],
        "minItems": 2,
        "uniqueItems": True,
        "contains": {"const": 1},
    },
    "an equal pair that only two kinds share": {
        "type": "array",
        "prefixItems": [{"enum": [1, 2]}, {"enum": [2, 3]}],
        "items": False,
        "not": {"uniqueItems": True},
    },
    "contains twice, once too often": {
        "type": "array",
        "contains": {"type": "integer"},
        "minContains": 2,
        "maxContains": 2,
        "allOf": [{"contains": {"minimum": 5}, "maxContains": 1}],
        "minItems": 3,
    },
    "multiples between bounds that leave out bounds": {
        "type": "number", "exclusiveMinimum": 0.1, "exclusiveMaximum": 0.4, "multipleOf": 0.1,
        "not": {"multipleOf": 0.3},
    },
    "no multiple of a fine step": {"type": "number", "minimum": 0, "maximum": 1, "not": {"multipleOf": 0.5}},
    "all of a huge number": {"type": "integer", "minimum": 10**400 - 1, "maximum": 10**400},
    "a text longer than where its states are first seen": {
        "type": "string", "pattern": "^(?:ab|c)*$", "minLength": 7, "maxLength": 7, "not": {"pattern": "^c"},
    },
    "an anchor inside an alternation": {"type": "string", "pattern": "^(?:^|x)a(?:$|b)", "minLength": 2},
    "an anchor that repeats": {"type": "string", "pattern": "(?:^a)*b$", "not": {"pattern": "^b"}},
    "the empty text": {"type": "string", "pattern": "^$"},
    "the empty text before an end": {"type": "string", "pattern": "$", "maxLength": 0},
}  # fmt: skip


@pytest.mark.parametrize("name", SATISFIABLE)
def test_what_is_there_is_found(name: str) -> None:
    found = compare(SATISFIABLE[name], NOTHING)
    assert (found.backward.verdict, found.forward.verdict) == ("breaking", "compatible"), (
        found.backward.reason
    )


UNSATISFIABLE = {
    "more distinct elements than values": {
        "type": "array", "items": {"enum": [1, 2, True]}, "minItems": 4, "uniqueItems": True,
    },
    "more properties than names": {
        "type": "object", "minProperties": 3, "propertyNames": {"enum": ["a", "b"]},
    },
    "a tree without leaves": {
        "$ref": "#/$defs/tree",
        "$defs": {"tree": objects(required=["a"], properties={"a": {"$ref": "#/$defs/tree"}})},
    },
    "a multiple of all multiples": {"type": "number", "multipleOf": 6, "not": {"multipleOf": 1.5}},
    "a date that is no date-like text": {"type": "string", "format": "date", "not": {"minLength": 10}},
    "a character after the end": {"type": "string", "pattern": "a$b"},
}  # fmt: skip


@pytest.mark.parametrize("name", UNSATISFIABLE)
def test_what_is_not_there_is_proven_away(name: str) -> None:
    assert compare(UNSATISFIABLE[name], NOTHING).backward.verdict == "compatible"


def test_schemas_that_share_objects_of_python_are_told_apart() -> None:
    shared = {"$ref": "#/$defs/x"}
    old = {"$defs": {"x": {"type": "string"}}, "properties": {"a": shared}}
    new = {"$defs": {"x": {"type": "integer"}}, "properties": {"a": shared}}
    found = compare(old, new)
    assert (found.backward.verdict, found.forward.verdict) == ("breaking", "breaking")


def test_one_object_of_python_under_two_bases() -> None:
    shared = {"$ref": "#/$defs/x"}
    scopes = {
        name: {
            "$id": f"https://example.org/{name}",
            "$defs": {"x": {"type": kind}},
            "properties": {"a": shared},
        }
        for name, kind in (("one", "string"), ("two", "integer"))
    }
    found = compare(
        {"properties": scopes}, {"properties": {"one": {"properties": {"a": {"type": "string"}}}}}
    )
    assert (found.backward.verdict, found.forward.verdict) == ("compatible", "breaking")


@pytest.mark.parametrize("name", ["title", "$ref", "$id", "const", "properties", "$defs", "description"])
def test_properties_that_are_called_like_keywords(name: str) -> None:
    text, number = (
        {"type": "object", "properties": {name: {"type": kind}}} for kind in ("string", "integer")
    )
    for old, new in ((text, number), ({"properties": {"a": text}}, {"properties": {"a": number}})):
        assert compare(old, new).backward.verdict == "breaking"


@pytest.mark.parametrize("keyword", ["const", "enum", "default"])
def test_only_annotations_are_left_out_when_schemas_are_told_apart(keyword: str) -> None:
    def schema(value: Json) -> Json:
        return {"properties": {"a": {keyword: [value] if keyword == "enum" else value}}}

    found = compare(schema({"title": 1}), schema({"title": 2})).backward.verdict
    assert found == ("compatible" if keyword == "default" else "breaking")


@pytest.mark.parametrize(
    ("schema", "document"),
    [
        ({"properties": {"a": {"not": {"$ref": "#"}}}, "additionalProperties": False}, {"a": {"b": 1}}),
        (
            {
                "$ref": "#/$defs/x",
                "$defs": {
                    "x": {"properties": {"a": {"not": {"$ref": "#/$defs/x"}}}, "additionalProperties": False}
                },
            },
            {"a": {"b": 1}},
        ),
        (
            {
                "oneOf": [
                    {"required": ["k"], "properties": {"k": {"const": each}}, "items": {"enum": [each]}}
                    for each in "ab"
                ]
            },
            ["a"],
        ),
    ],
)
def test_a_tolerant_reader_accepts_what_an_exact_one_accepts(schema: Any, document: Json) -> None:
    for each in (schema, tolerant(schema)):
        assert jsonschema_rs.Draft202012Validator(each).is_valid(document)
    assert compare(schema, schema, "tolerant").backward.verdict == "compatible"


LONG = {
    "a long text of a slow pattern": {"type": "string", "minLength": 19_000, "pattern": "^(ab|cd|a.{5}b)*$"},
    "automata that blow up": {"type": "string", "pattern": "^(a|b)*a(a|b){18}$", "not": {"pattern": "^b"}},
    "hundreds of properties": {"type": "object", "minProperties": 299},
    "hundreds of distinct elements": {"type": "array", "minItems": 300, "uniqueItems": True},
    "hundreds of elements": {"type": "array", "minItems": 900, "contains": {"const": 1}, "minContains": 400},
    "references that lead everywhere": {
        "allOf": [{"$ref": "#/$defs/0"}],
        "$defs": {
            str(index): {"anyOf": [{"$ref": f"#/$defs/{other}"} for other in range(6)]} for index in range(6)
        },
    },
}


@pytest.mark.parametrize("name", LONG)
def test_nothing_takes_much_longer_than_its_budget(name: str) -> None:
    compare({"pattern": "^a"}, {"minItems": 1})  # what is imported once is not in the budget
    compare({"type": "string"}, {"maxLength": 3})
    start = time.process_time()
    compare(LONG[name], {"maxLength": 3, "maxItems": 3, "maxProperties": 3}, budget=0.4)
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    ("pattern", "length", "verdict"),
    [("^(a+)+b$", 60, "undecided"), ("^(a+)+b$", 8, "breaking"), ("^a+b$", 60, "breaking")],
)
def test_a_pattern_that_would_stop_jsonschema_is_named(pattern: str, length: int, verdict: str) -> None:
    found = compare({"type": "string", "pattern": "^a+$", "minLength": length}, {"pattern": pattern}).backward
    assert found.verdict == verdict


@pytest.mark.parametrize("value", [float("inf"), float("nan"), 10**5_000], ids=("inf", "nan", "huge"))
def test_numbers_that_are_not_read_are_undecided(value: float) -> None:
    for schema in ({"const": value}, {"minimum": value}, {"x": value}):
        assert compare(schema, {}).backward.verdict == "undecided"
