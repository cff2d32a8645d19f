"""``sguild-codegen model`` and ``sguild_codegen.model_source``: one schema in, one module out."""

import itertools
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from command_kit import run
from pydantic import BaseModel, ValidationError

from sguild_codegen import model_source
from sguild_codegen.errors import CodegenError, ContractError, UsageError

_NUMBERS = itertools.count()


def loaded(source: str, name: str = "Model") -> type[BaseModel]:
    module = ModuleType(f"model_{next(_NUMBERS)}")
    sys.modules[module.__name__] = module
    exec(source, module.__dict__)  # noqa: S102 - our own output
    model: type[BaseModel] = module.__dict__[name]
    return model


def accepts(model: type[BaseModel], value: object) -> bool:
    try:
        written = model.model_validate_json(json.dumps(value)).model_dump_json()
    except ValidationError:
        return False
    assert json.loads(written) == value
    return True


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        (True, [1, None, {"a": []}], []),
        (False, [], [1, None, {}]),
        ({"type": "integer", "minimum": 2}, [2, 3.0], [1, "3", True, 2.5]),
        ({"enum": [1, "x", None, [True]]}, [1, 1.0, "x", None, [True]], [2, [1], True]),
        ({"type": ["string", "null"], "maxLength": 2}, ["ab", None], ["abc", 1]),
        ({"properties": {"a": {"type": "string"}}}, [{"a": "x"}, {}, 5], [{"a": 1}]),
        ({"type": "array", "contains": {"const": 1}, "maxContains": 1}, [[1, 2]], [[2], [1, 1], {}]),
        (
            {"type": "array", "prefixItems": [{"type": "string"}], "items": False},
            [["a"], []],
            [["a", 1], [1]],
        ),
        (
            {"type": "object", "patternProperties": {"^a": {"type": "integer"}}},
            [{"a": 1, "b": ""}],
            [{"a": ""}],
        ),
        (
            {"$ref": "#/$defs/t", "$defs": {"t": {"items": {"$ref": "#/$defs/t"}, "type": "array"}}},
            [[[]]],
            [[1]],
        ),
        ({"oneOf": [{"minimum": 5}, {"type": "integer"}]}, [1, 5.5], [6, 1.5]),
        ({"not": {"type": "string"}}, [1, None], ["a"]),
        (
            {"type": "string", "format": "date-time", "minLength": 21},
            ["2026-01-01T00:00:00.5Z"],
            ["2026-01-01T00:00:00Z"],
        ),
    ],
)
def test_any_root_becomes_a_model(schema: Any, good: list[object], bad: list[object]) -> None:
    model = loaded(model_source(schema))
    assert [value for value in good if not accepts(model, value)] == []
    assert [value for value in bad if accepts(model, value)] == []


@pytest.mark.parametrize(
    ("members", "good", "bad"),
    [
        ({"minProperties": 2}, [{"a": "x", "b": 1}], [{"a": "x"}]),
        ({"propertyNames": {"maxLength": 1}}, [{"a": "x"}], [{"a": "x", "bc": 1}]),
        ({"dependentSchemas": {"b": {"required": ["a"]}}}, [{"a": "x", "b": 1}, {}], [{"b": 1}]),
        ({"allOf": [{"properties": {"a": {"maxLength": 1}}}]}, [{"a": "x"}], [{"a": "xy"}]),
        (
            {"if": {"properties": {"b": {"minimum": 5}}, "required": ["b"]}, "then": {"required": ["a"]}},
            [{"b": 4}, {"b": 5, "a": ""}],
            [{"b": 5}],
        ),
        ({"unevaluatedProperties": False}, [{"a": "x"}], [{"c": 1}]),
        (
            {"patternProperties": {"^c": {"type": "null"}}, "additionalProperties": False},
            [{"cd": None}],
            [{"cd": 1}, {"d": 1}],
        ),
    ],
)
def test_what_no_field_can_say_is_checked_of_the_whole_object(
    members: dict[str, Any], good: list[object], bad: list[object]
) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}, **members}
    model = loaded(model_source(schema))
    assert set(model.model_fields) == {"a", "b"}
    assert [value for value in good if not accepts(model, value)] == []
    assert [value for value in bad if accepts(model, value)] == []
    for value in bad:
        assert isinstance(value, dict)
        with pytest.raises(ValidationError):
            model(**value)


LATE = {"properties": {"at": {"pattern": "[.]5Z$"}}, "required": ["at"]}
BIG = {"properties": {"class": {"minimum": 5}}, "required": ["class"]}
NAMED = {"properties": {"part": {"required": ["name"]}}, "required": ["part"]}
MORE = {"properties": {"more": {"maxLength": 1}}, "required": ["more"]}


@pytest.mark.parametrize(
    "condition",
    [
        {"if": BIG, "then": LATE},
        {"if": BIG, "then": {"$ref": "#/$defs/late"}},
        {"anyOf": [{"not": BIG}, LATE]},
        {"oneOf": [{"not": BIG}, {"allOf": [BIG, LATE]}]},
        {"dependentSchemas": {"class": {"anyOf": [{"properties": {"class": {"maximum": 4}}}, LATE]}}},
        {"if": BIG, "then": {"allOf": [LATE, NAMED, MORE]}, "else": True},
    ],
)
def test_a_condition_sees_every_member_that_it_is_about_as_it_is_written(condition: dict[str, Any]) -> None:
    properties = {
        "class": {"type": "integer"},
        "at": {"type": "string", "format": "date-time"},
        "part": {"type": "object", "properties": {"name": {"type": "string"}}},
        "unseen": {"type": "string"},
    }
    source = model_source(
        {"type": "object", "properties": properties, "$defs": {"late": LATE, "more": MORE}, **condition}
    )
    assert '"unseen"' not in source.partition("SchemaRule(")[2]
    model = loaded(source)
    rest = {"unseen": "x", "part": {"name": "a"}, "more": "b"}
    good: list[dict[str, Any]] = [{}, {"class": 4}, {"class": 5, "at": "2026-05-01T10:00:00.5Z", **rest}]
    bad: list[dict[str, Any]] = [{"class": 5}, {**good[-1], "at": "2026-05-01T10:00:00.50Z"}]
    if "else" in condition:
        bad += [{**good[-1], "part": {}}, {**good[-1], "more": "bc"}]
    for document in good:
        assert accepts(model, document)
        model(**document)
    for document in bad:
        assert not accepts(model, document)
        with pytest.raises(ValidationError):
            model(**document)


def test_an_error_names_the_place_and_the_rule_and_no_value() -> None:
    model = loaded(
        model_source({"type": "object", "properties": {"pin": {"not": {"const": "4711"}, "type": "string"}}})
    )
    with pytest.raises(ValidationError) as caught:
        model.model_validate_json('{"pin": "4711"}')
    (error,) = caught.value.errors(include_input=False)
    assert error["loc"] == ("pin",)
    assert "must not be accepted by" in error["msg"]


def test_formats_can_be_annotations() -> None:
    schema = {"type": "object", "properties": {"at": {"type": "string", "format": "date-time"}}}
    assert not accepts(loaded(model_source(schema)), {"at": "soon"})
    assert accepts(loaded(model_source(schema, assert_formats=False)), {"at": "soon"})


def test_unknown_keywords_are_annotations_and_legacy_ones_are_refused() -> None:
    assert accepts(loaded(model_source({"x-note": "mine", "type": "null"})), None)
    with pytest.raises(ContractError) as caught:
        model_source({"dependencies": {"a": ["b"]}})
    assert "dependencies" in caught.value.findings[0].message


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "https://example.com/schema.json"},
        {"$ref": "#/$defs/nowhere"},
        {"$dynamicRef": "#node"},
        {"$schema": "http://json-schema.org/draft-07/schema#"},
        {"type": "strnig"},
        {"pattern": "(?=a)"},
        {"pattern": "("},
    ],
)
def test_what_cannot_be_honoured_is_refused_by_name(schema: dict[str, Any]) -> None:
    with pytest.raises(ContractError) as caught:
        model_source(schema)
    assert caught.value.findings[0].rule.id.startswith("SG")
    assert caught.value.findings[0].line is not None


@pytest.mark.parametrize("name", ["", "a b", "class", "Field", "Model; import os"])
def test_a_class_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        model_source({"type": "string"}, name)


@pytest.mark.parametrize("value", [{1, 2}, float("nan"), object()])
def test_a_schema_that_is_no_json_is_refused(value: Any) -> None:
    with pytest.raises(CodegenError):
        model_source(value)


def test_the_command_prints_a_module(tmp_path: Path) -> None:
    path = tmp_path / "point.json"
    path.write_text('{"type": "array", "items": {"type": "number"}, "minItems": 2}', "utf-8")
    result = run("model", str(path), "--class-name", "Point")
    assert (result.code, result.err) == (0, "")
    assert accepts(loaded(result.out, "Point"), [1.5, 2.5])


def test_the_command_names_what_it_refuses(tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text('{\n  "minLenght": 2,\n  "minLength": -2\n}\n', "utf-8")
    result = run("model", str(path))
    assert result.code == 1
    assert "bad.json:3:16: SG042 error:" in result.out


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    result = run("model", str(tmp_path / "none.json"))
    assert result.code == 2
    assert "none.json" in result.out
    assert "Traceback" not in result.out + result.err
