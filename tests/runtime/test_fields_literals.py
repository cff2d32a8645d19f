"""Listed values compare as JSON does: true is not 1."""

import json
from collections.abc import Callable
from itertools import permutations
from typing import Annotated, Any, Literal

import jsonschema_rs
import pytest
from pydantic import TypeAdapter, ValidationError

from sguild_dispatcher.fields import LiteralRule, problems

KINDS: list[tuple[Any, list[Any]]] = [
    (Annotated[Literal[True], LiteralRule()], [True]),
    (Annotated[Literal[False], LiteralRule()], [False]),
    (Annotated[Literal[True, False], LiteralRule()], [True, False]),
    (Annotated[Literal["yes", True, None], LiteralRule()], ["yes", True, None]),  # noqa: PYI061 - as it is generated
]
VALUES: list[Any] = [True, False, 1, 0, 1.0, 0.0, None, "yes", "True", "true", "1", "", [], {}, [True]]


@pytest.mark.parametrize(("kind", "listed"), KINDS)
@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_same_verdict_as_a_validator(kind: Any, listed: list[Any], value: Any) -> None:
    adapter = TypeAdapter[Any](kind)
    wanted = jsonschema_rs.Draft202012Validator({"enum": listed}).is_valid(value)
    for found in (_read(adapter.validate_python, value), _read(adapter.validate_json, json.dumps(value))):
        if wanted:
            assert type(found) is type(value)
            assert json.loads(adapter.dump_json(found)) == value
        else:
            assert found in {f"/: must be {' or '.join(map(repr, order))}" for order in permutations(listed)}


def _read(read: Callable[[Any], Any], value: Any) -> Any:
    """Return the value, or the message where it is refused."""
    try:
        return read(value)
    except ValidationError as error:
        return problems(error)[0]
