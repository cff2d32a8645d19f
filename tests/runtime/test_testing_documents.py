"""Drawn documents: valid ones satisfy their schema, invalid ones do not, whatever the schema says."""

import json
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

from sguild_dispatcher.testing.documents import DocumentMaker, SeededSource, UnsatisfiableSchemaError
from sguild_dispatcher.testing.documents.words import SAMPLES
from sguild_dispatcher.testing.strategies import invalid_documents, near_documents, valid_documents

DATE_TIME = {"type": "string", "format": "date-time"}
LIST = {"$defs": {"list": {"type": "array", "items": {"$ref": "#/$defs/list"}}}, "$ref": "#/$defs/list"}
TREE = {
    "$id": "https://example.org/tree",
    "$anchor": "tree",
    "type": "object",
    "required": ["value", "next"],
    "properties": {
        "value": {"$ref": "leaf#number"},
        "next": {"anyOf": [{"$ref": "#tree"}, {"type": "null"}]},
    },
    "$defs": {"leaf": {"$id": "leaf", "$defs": {"n": {"$anchor": "number", "type": "integer"}}}},
    "additionalProperties": False,
}
CONDITION = {
    "type": "object",
    "required": ["paid", "by"],
    "properties": {
        "paid": {"type": "boolean"},
        "by": {"enum": ["card", "cash"]},
        "at": {"format": "date-time"},
    },
    "if": {"properties": {"paid": {"const": True}}},
    "then": {"required": ["at"]},
    "else": {"not": {"required": ["at"]}},
}
DEPENDENT = {
    "type": "object",
    "properties": {"a": {"type": "integer"}, "b": {"type": "string"}, "c": {"type": "null"}},
    "dependentRequired": {"a": ["b"]},
    "dependentSchemas": {"c": {"properties": {"a": {"minimum": 3}}, "required": ["a"]}},
    "additionalProperties": False,
}
UNEVALUATED = {
    "type": "object",
    "allOf": [{"properties": {"a": {"type": "string"}}, "required": ["a"]}],
    "anyOf": [{"properties": {"b": {"const": 1}}, "required": ["b"]}, {"required": ["a"]}],
    "unevaluatedProperties": False,
}
SCHEMAS: dict[str, Any] = {
    "const": {"const": {"a": [1, None]}},
    "enum": {"enum": [1, "a", None, True, {"a": 1}]},
    "judged": {"enum": [{"a": 1}, {"a": "x"}, {}], "properties": {"a": {"type": "integer"}}},
    "integer": {"type": "integer", "minimum": 3, "exclusiveMaximum": 9, "multipleOf": 2},
    "number": {"type": "number", "exclusiveMinimum": 0, "maximum": 0.01},
    "cents": {"type": "number", "multipleOf": 0.05, "maximum": -1},
    "text": {"type": "string", "minLength": 3, "maxLength": 4},
    "pattern": {"type": "string", "pattern": r"^(a|[^b-y]{2}|\d\w)(x{2,}|\x41?)\u00e9*$", "minLength": 3},
    "types": {"type": ["integer", "null", "array"]},
    "prefix": {"type": "array", "prefixItems": [{"type": "string"}, True], "items": False, "minItems": 1},
    "unique": {"type": "array", "items": {"enum": [1, 2, 3, 4]}, "uniqueItems": True, "minItems": 3},
    "contains": {"type": "array", "contains": {"const": 7}, "minContains": 2, "maxContains": 3},
    "rest": {"type": "array", "prefixItems": [{"const": 1}], "unevaluatedItems": {"type": "string"}},
    "map": {
        "type": "object",
        "minProperties": 2,
        "maxProperties": 3,
        "additionalProperties": {"type": "null"},
    },
    "names": {"type": "object", "propertyNames": {"pattern": "^x_"}, "minProperties": 1},
    "patterns": {"patternProperties": {"^n_": {"type": "integer"}}, "additionalProperties": False},
    "condition": CONDITION,
    "dependent": DEPENDENT,
    "unevaluated": UNEVALUATED,
    "one": {"type": "object", "oneOf": [{"required": ["a"]}, {"required": ["b"]}, {"required": ["c"]}]},
    "not": {"type": "string", "not": {"anyOf": [{"maxLength": 2}, {"pattern": "^[a-m]"}]}},
    "all": {"allOf": [{"minimum": 2}, {"type": "integer"}, {"not": {"const": 2}}]},
    "recursion": LIST,
    "ids": TREE,
    **{f"format {name}": {"type": "string", "format": name} for name in SAMPLES},
}


def _accepts(schema: Any, document: Any) -> bool:
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True).is_valid(document)


@pytest.mark.parametrize("name", SCHEMAS)
def test_valid_documents_satisfy_the_schema(name: str) -> None:
    @settings(max_examples=60, database=None)
    @given(valid_documents(SCHEMAS[name]))
    def holds(document: Any) -> None:
        assert _accepts(SCHEMAS[name], document)

    holds()


@pytest.mark.parametrize("name", SCHEMAS)
def test_invalid_documents_do_not(name: str) -> None:
    @settings(max_examples=60, database=None)
    @given(invalid_documents(SCHEMAS[name]))
    def holds(document: Any) -> None:
        assert not _accepts(SCHEMAS[name], document)

    holds()


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_seed_gives_one_document(name: str) -> None:
    maker = DocumentMaker(SCHEMAS[name])
    for seed in ("1", "2", "3"):
        for draw in (maker.valid, maker.invalid):
            assert json.dumps(draw(SeededSource(seed))) == json.dumps(draw(SeededSource(seed)))


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "required": ["a"], "not": {"required": ["a"]}},
        {"allOf": [{"type": "string"}, {"type": "integer"}]},
        {"type": "string", "minLength": 3, "maxLength": 2},
        {"type": "integer", "exclusiveMinimum": 1, "exclusiveMaximum": 2},
        {"type": "object", "properties": {"next": {"$ref": "#"}}, "required": ["next"]},
        {"type": "array", "items": {"enum": [1]}, "uniqueItems": True, "minItems": 2},
        {"enum": ["a"], "const": "b"},
        {"not": {}},
        False,
    ],
    ids=json.dumps,
)
def test_a_schema_that_nothing_satisfies_is_an_error(schema: Any) -> None:
    with pytest.raises(UnsatisfiableSchemaError, match="no document satisfies the schema"):
        valid_documents(schema)


def test_a_schema_that_everything_satisfies_is_an_error() -> None:
    with pytest.raises(UnsatisfiableSchemaError, match="no document breaks the schema"):
        invalid_documents({"title": "anything"})


@pytest.mark.parametrize("schema", [{"not": {}}, True, {"type": "integer", "not": {"type": "number"}}])
def test_documents_near_a_schema_can_always_be_drawn(schema: Any) -> None:
    @settings(max_examples=30, database=None, suppress_health_check=list(HealthCheck))
    @given(near_documents(schema))
    def holds(document: Any) -> None:
        assert json.loads(json.dumps(document)) == document

    holds()


def test_documents_shrink_to_simple_ones() -> None:
    schema = {
        "type": "object",
        "required": ["rows"],
        "properties": {
            "note": {"type": "string"},
            "rows": {"type": "array", "items": {"type": "integer", "minimum": 1}},
        },
        "additionalProperties": False,
    }
    shrunk = find(
        valid_documents(schema), lambda each: sum(each["rows"]) > 3, settings=settings(database=None)
    )
    assert shrunk == {"rows": [4]}


def test_a_reference_leads_into_another_file() -> None:
    others = {
        "https://example.org/shared/money.json": {"$defs": {"cents": {"type": "integer", "minimum": 5}}}
    }
    schema = {"$id": "https://example.org/a/b.json", "$ref": "../shared/money.json#/$defs/cents"}
    maker = DocumentMaker(schema, others)
    assert maker.valid(SeededSource("1")) >= 5
    assert not maker.accepts(4)


def test_given_members_are_kept_and_the_rest_is_completed() -> None:
    maker = DocumentMaker(CONDITION)
    paid = maker.valid(SeededSource("1", minimal=True), {"paid": True})
    assert paid["paid"] is True
    assert "at" in paid
    assert "at" not in maker.valid(SeededSource("1", minimal=True), {"paid": False})
    assert maker.valid(SeededSource("1", minimal=True), {"at": "2026-01-01T00:00:00Z"})["paid"] is True
    with pytest.raises(UnsatisfiableSchemaError):
        maker.valid(SeededSource("1", minimal=True), {"paid": False, "at": "2026-01-01T00:00:00Z"})


def test_a_complaint_names_place_and_rule() -> None:
    maker = DocumentMaker({"properties": {"a/b": {"type": "array", "items": {"type": "integer"}}}})
    (found,) = maker.complaints({"a/b": [1, "secret"]})
    assert (found.pointer, found.keyword) == ("/a~1b/1", "type")
    assert "secret" not in found.message


@given(st.text())
def test_seeds_are_independent_of_what_else_is_there(seed: str) -> None:
    one = DocumentMaker({"type": "object", "required": ["a"], "properties": {"a": DATE_TIME}})
    members = {"b": {"type": "integer"}, "a": DATE_TIME}
    two = DocumentMaker({"type": "object", "required": ["b", "a"], "properties": members})
    assert one.valid(SeededSource(seed))["a"] == two.valid(SeededSource(seed))["a"]
