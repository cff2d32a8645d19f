"""Schemas at the edge of what a model can be made of, and values at the edge of what JSON can write."""

import json
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError
from test_model import loaded

from sguild_codegen import model_source


def model_of(schema: Any) -> type[BaseModel]:
    return loaded(model_source(schema))


def refused(model: type[BaseModel], text: str) -> str:
    with pytest.raises(ValidationError) as caught:
        model.model_validate_json(text)
    return "; ".join(each["msg"] for each in caught.value.errors())


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "format": "color"},
        {"type": "string", "format": "color", "maxLength": 5},
        {"type": ["string", "null"], "format": "color"},
        {"type": "object", "properties": {"a": {"type": "string", "format": "color"}}},
    ],
)
def test_an_unknown_format_is_an_annotation(schema: Any) -> None:
    model = model_of(schema)
    document = {"a": "red"} if schema["type"] == "object" else "red"
    assert json.loads(model.model_validate_json(json.dumps(document)).model_dump_json()) == document


@pytest.mark.parametrize("document", ["{}", '{"a": 1}', '{"b": 1}', "1", "null"])
def test_a_closed_object_that_lacks_what_it_requires_accepts_nothing(document: str) -> None:
    model = model_of({"type": "object", "additionalProperties": False, "required": ["a"]})
    assert refused(model, document).startswith("/")


@pytest.mark.parametrize("schema", [{}, {"minimum": 5}, {"type": "object", "properties": {"any": {}}}])
@pytest.mark.parametrize("value", ["1e400", "NaN", "-Infinity", "[1e400]", '{"a": -1e999}'])
def test_no_number_that_json_cannot_write(schema: Any, value: str) -> None:
    text = f'{{"any": {value}}}' if "properties" in schema else value
    assert refused(model_of(schema), text).startswith("/")


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), "\ud800", ["\udfff"], {1: 2}, {"\ud800": 1}, (1,), b"a"]
)
def test_no_python_value_that_json_cannot_write(value: Any) -> None:
    model = model_of({"type": "object", "properties": {"any": {}}})
    with pytest.raises(ValidationError) as caught:
        model(any=value)
    assert [each["msg"][:5] for each in caught.value.errors()] in (["/any:"], ["/any/"])


def test_any_json_value_comes_back() -> None:
    model = model_of({"type": "object", "properties": {"any": {}}})
    document: dict[str, Any] = {"any": [None, True, 10**30, 0.5, "é", {"": [[]]}]}
    assert json.loads(model.model_validate_json(json.dumps(document)).model_dump_json()) == document
    assert json.loads(model(**document).model_dump_json()) == document


@pytest.mark.parametrize(
    ("schema", "document", "message"),
    [
        ({"enum": ["a", 1, None]}, 2, '/: must be one of "a", 1, null'),
        ({"type": ["object", "null"]}, 1, "/: must be an object or null"),
        (
            {"properties": {"a": {"type": ["integer", "null"], "minimum": 1}}, "type": "object"},
            {"a": 0},
            "/a: must be an integer of at least 1 or null",
        ),
        (
            {
                "type": "object",
                "properties": {"a": {"type": ["object", "null"], "properties": {"b": {"type": "string"}}}},
            },
            {"a": {"b": 1}},
            "/a/b: must be a string",
        ),
        (
            {"patternProperties": {"^a": {}}, "additionalProperties": False},
            {"b": 1},
            "/b: is not a known field",
        ),
        ({"properties": {"a": False}}, {"a": 1}, "/a: must be absent"),
        (
            {"if": {"properties": {"x": {"minimum": 5}}}, "then": {"required": ["y"]}},
            {"x": 7},
            "/y: is required",
        ),
        ({"contains": {"type": "string"}, "minContains": 2}, ["a"], "/: must hold as many fitting items"),
        (
            {"propertyNames": {"maxLength": 1}},
            {"bb": 1},
            "/: has a name that is refused: it must have at most 1",
        ),
        ({"prefixItems": [{"minimum": 2}]}, [1], "/0: must be at least 2"),
    ],
)
def test_a_refusal_says_where_and_what_is_wanted(schema: Any, document: Any, message: str) -> None:
    assert f"{refused(model_of(schema), json.dumps(document))}.".startswith(message)
