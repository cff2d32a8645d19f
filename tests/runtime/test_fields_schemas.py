"""``SchemaRule``: a whole schema as a rule."""

import json
import pickle
from datetime import UTC, datetime
from typing import Annotated, Any

import pytest
from pydantic import JsonValue, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from sguild_dispatcher.fields import DateTime, SchemaRule
from sguild_dispatcher.models import ContractModel


def adapter(schema: object, kind: Any = JsonValue) -> TypeAdapter[Any]:
    return TypeAdapter(Annotated[kind, SchemaRule(json.dumps(schema))])


@pytest.mark.parametrize("text", ["[1, 2.0]", "[2, 1.0]"])
def test_what_the_schema_accepts_passes_as_it_is(text: str) -> None:
    value = adapter({"contains": {"const": 1}}).validate_json(text)
    assert value == json.loads(text)


def test_a_refusal_names_the_place_and_the_rule_and_no_value() -> None:
    with pytest.raises(ValidationError) as caught:
        adapter({"properties": {"a/b": {"enum": [1, 2]}}}).validate_json('{"a/b": "secret"}')
    (error,) = caught.value.errors(include_input=False)
    assert error["msg"] == "/a~1b must be one of 1, 2"


def test_python_values_count_as_what_they_are_written_as() -> None:
    kind = adapter({"format": "date-time", "pattern": "^2026"}, DateTime)
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    assert kind.validate_python(moment) == moment
    with pytest.raises(ValidationError):
        kind.validate_python(datetime(2025, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("value", [float("nan"), object(), {1: {2, object()}}])
def test_what_json_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(PydanticCustomError):
        SchemaRule('{"type": "object"}').check(value)


def test_a_model_is_checked_as_it_is_written() -> None:
    class Pair(ContractModel, frozen=True):
        a: int
        b: int = 0

    SchemaRule('{"required": ["a", "b"]}').check(Pair(a=1))
    with pytest.raises(PydanticCustomError, match="/a must be at least"):
        SchemaRule('{"properties": {"a": {"minimum": 2}}}').check(Pair(a=1))


def test_formats_may_be_annotations() -> None:
    SchemaRule('{"format": "ipv4"}', assert_formats=False).check("not one")
    with pytest.raises(PydanticCustomError):
        SchemaRule('{"format": "ipv4"}').check("not one")


def test_rules_are_equal_by_their_schema_and_can_be_pickled() -> None:
    rule = SchemaRule('{"type": "null"}')
    assert pickle.loads(pickle.dumps(rule)) == rule  # noqa: S301 - our own bytes
    assert rule != SchemaRule("true")
