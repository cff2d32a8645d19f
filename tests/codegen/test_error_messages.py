"""What someone reads who catches the error of a generated class: pointers, rules and no values."""

import json
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from pydantic import BaseModel, PydanticUserError, ValidationError

from sguild_codegen import model_source
from sguild_contracts import CreditLocked, PersonId
from sguild_contracts.registry import registry
from sguild_dispatcher.fields import problems

SECRET = "jane.doe"  # noqa: S105 - stands for personal data
CARD = {
    "type": "object",
    "properties": {
        "kind": {"const": "card"},
        "card": {"type": "object", "properties": {"number": {"type": "string"}}, "required": ["number"]},
    },
    "required": ["kind", "card"],
}
CASH = {"type": "object", "properties": {"kind": {"const": "cash"}}, "required": ["kind"]}
ITEM = {
    "type": "object",
    "properties": {
        "count": {"type": "integer"},
        "parts": {"type": "array", "items": {"$ref": "#/$defs/item"}},
    },
    "additionalProperties": False,
}
BRANCHES = [
    {"type": "array", "items": {"anyOf": [{"type": "integer"}, {"$ref": "#/$defs/item"}]}},
    {"type": "object", "properties": {"note": {"type": "integer"}}, "required": ["note"]},
]
SCHEMA = {
    "type": "object",
    "properties": {
        "person": {"type": "string", "pattern": "^per_[0-9]+$"},
        "level": {"enum": ["low", "high"]},
        "size": {"type": ["string", "integer"], "maxLength": 3},
        "class": {"type": "string"},
        "items": {"type": "array", "items": {"$ref": "#/$defs/item"}},
        "scores": {"type": "object", "additionalProperties": {"type": "integer"}},
        "named": {"type": "object", "propertyNames": {"pattern": "^[a-z]+$"}},
        "pay": {"oneOf": [CARD, CASH]},
        "any": {"anyOf": BRANCHES},
        "odd": {"not": {"const": "even"}},
        "urgent": {"type": "boolean"},
        "due": {"type": "string", "format": "date-time"},
    },
    "required": ["person"],
    "additionalProperties": False,
    "dependentRequired": {"urgent": ["due"]},
    "$defs": {"item": ITEM},
}


@pytest.fixture(scope="module")
def model() -> type[BaseModel]:
    return loaded(SCHEMA)


def loaded(schema: Any) -> type[BaseModel]:
    module = ModuleType("error_messages_model")
    sys.modules[module.__name__] = module
    exec(model_source(schema), module.__dict__)  # noqa: S102 - our own output
    found: type[BaseModel] = module.__dict__["Model"]
    return found


def shown(error: ValidationError) -> list[str]:
    """Return the lines of the printed error that say what is wrong."""
    assert SECRET not in str(error)
    assert "errors.pydantic.dev" not in str(error)
    lines = [each.strip() for each in str(error).splitlines()[1:] if each.startswith("  ")]
    return [each.partition(" [type=")[0] for each in lines]


@pytest.mark.parametrize(
    ("members", "messages"),
    [
        ({"person": ...}, ["/person: is required"]),
        ({"nickname": SECRET}, ["/nickname: is not a known field"]),
        ({"a/b~{line}{rule}": 1}, ["/a~1b~0{line}{rule}: is not a known field"]),
        ({"person": SECRET}, ["/person: must be a string that matches ^per_[0-9]+$"]),
        ({"level": SECRET}, ["/level: must be 'low' or 'high'"]),
        ({"class": 1}, ["/class: must be a string"]),
        ({"size": SECRET}, ["/size: must be a string of at most 3 characters or an integer"]),
        ({"items": SECRET}, ["/items: must be an array"]),
        (
            {"items": [{"count": 1, "parts": [{"count": SECRET, "other": 1}]}]},
            ["/items/0/parts/0/count: must be an integer", "/items/0/parts/0/other: is not a known field"],
        ),
        ({"scores": {"a": 1, "b": SECRET}}, ["/scores/b: must be an integer"]),
        ({"named": {"B": 1}}, ["/named/B: its name must be a string that matches ^[a-z]+$"]),
        ({"pay": {"kind": "card"}}, ["/pay/card: is required"]),
        ({"pay": {"kind": "card", "card": {"number": 1}}}, ["/pay/card/number: must be a string"]),
        ({"pay": {"kind": "card", "card": SECRET}}, ["/pay/card: must be an object"]),
        ({"pay": {"kind": SECRET}}, ["/pay: must have 'kind' as one of 'card', 'cash'"]),
        ({"any": {"note": SECRET}}, ["/any: must be an array", "/any/note: must be an integer"]),
        (
            {"any": [1, {"parts": [{"count": SECRET}]}]},
            [
                "/any/1: must be an integer",
                "/any/1/parts/0/count: must be an integer",
                "/any: must be an object",
            ],
        ),
        ({"odd": "even"}, ["/odd: must not be accepted by "]),
        ({"urgent": True}, ["/due: is required when urgent is present"]),
    ],
)
def test_the_printed_error_has_the_pointer_and_the_rule(
    model: type[BaseModel], members: dict[str, Any], messages: list[str]
) -> None:
    document = {"person": "per_1", **members}
    values = {name: value for name, value in document.items() if value is not ...}
    attempts: list[Callable[[], BaseModel]] = [
        lambda: model.model_validate_json(json.dumps(values)),
        lambda: model.model_validate(values),
        lambda: model(**values),
    ]
    for attempt in attempts:
        with pytest.raises(ValidationError) as caught:
            attempt()
        found = shown(caught.value)
        assert len(found) == len(messages)
        assert all(line.startswith(message) for line, message in zip(found, messages, strict=True)), found
        assert list(problems(caught.value)) == [each["msg"] for each in caught.value.errors()]


def test_errors_as_data_have_the_path_the_pointer_and_the_rule(model: type[BaseModel]) -> None:
    with pytest.raises(ValidationError) as caught:
        model.model_validate_json('{"person": "per_1", "pay": {"kind": "card", "card": {}}}')
    (error,) = caught.value.errors()
    assert (error["type"], error["loc"]) == ("missing", ("pay", "card", "number"))
    assert error["ctx"]["pointer"] == "/pay/card/number"
    assert error["ctx"]["rule"] == "is required"


def test_text_that_is_no_json(model: type[BaseModel]) -> None:
    with pytest.raises(ValidationError) as caught:
        model.model_validate_json(f'{{"person": {SECRET}')
    (line,) = shown(caught.value)
    assert line.startswith("/: is not JSON: ")


def test_a_model_of_something_else_than_an_object() -> None:
    model: Any = loaded({"type": "array", "items": {"type": "integer"}, "maxItems": 2})
    value = [1, SECRET]
    attempts: list[Callable[[], BaseModel]] = [
        lambda: model.model_validate_json(json.dumps(value)),
        lambda: model.model_validate(value),
        lambda: model(value),
    ]
    for attempt in attempts:
        with pytest.raises(ValidationError) as caught:
            attempt()
        assert shown(caught.value) == ["/1: must be an integer"]


def test_an_assignment_to_a_frozen_model(model: type[BaseModel]) -> None:
    frozen: Any = model.model_validate({"person": "per_1"})
    with pytest.raises(ValidationError) as caught:
        frozen.person = SECRET
    assert shown(caught.value) == ["/person: is read-only"]


def test_the_envelope_names_a_field_of_its_payload() -> None:
    event = registry.event_model("credit.locked", 1)
    with pytest.raises(ValidationError) as caught:
        event.model_validate({"payload": {"person_id": SECRET}})
    assert "/payload/person_id: must be per_ followed by a UUID of version 7 in lower case" in shown(
        caught.value
    )
    assert "/payload/lesson_id: is required" in shown(caught.value)


def test_the_options_of_pydantic_still_hold() -> None:
    assert CreditLocked.model_validate_json.__name__ == "model_validate_json"
    with pytest.raises(PydanticUserError):
        CreditLocked.model_validate_json("{}", by_alias=False)
    with pytest.raises(ValidationError) as caught:
        CreditLocked.model_validate_json('{"more": 1}', extra="ignore")
    assert not any("/more" in line for line in shown(caught.value))


def test_a_generated_model_can_be_a_field_of_another_model() -> None:
    class Report(BaseModel):
        locked: CreditLocked

    with pytest.raises(ValidationError, match="must be per_ followed by"):
        Report.model_validate({"locked": {"person_id": "per_1"}})
    locked = CreditLocked.model_construct(person_id=PersonId.mint())
    assert Report(locked=locked).locked is locked
