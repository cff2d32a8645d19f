"""What is ignored, for random schemas: nothing that the exact one takes, and something where it refuses."""

import json
from collections.abc import Iterator
from random import Random
from typing import Any

import jsonschema_rs
import pytest
from pairs_kit import Drawer, Json

from sguild_codegen.compat.resolving import objects
from sguild_codegen.compat.tolerance import tolerant
from sguild_dispatcher.ignoring import TolerantRule

SCHEMAS = 150
DOCUMENTS = 20
OPENED: list[dict[str, Json]] = [
    {"enum": ["a", "ab"]},
    {"enum": ["a", None], "type": ["string", "null"]},
    {"enum": ["a", None], "type": "string"},
    {"unevaluatedProperties": False},
    {"properties": {"a": {"enum": ["x"]}, "b": {}}, "additionalProperties": False},
    {"anyOf": [{"properties": {"a": {"enum": ["a"]}}}, {"properties": {"b": True, "a": {"enum": ["k"]}}}]},
    {"allOf": [{"additionalProperties": True}], "unevaluatedProperties": False},
]


def judge(schema: Json) -> Any:
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


def schemas(random: Random) -> Iterator[tuple[Json, list[Json]]]:
    """Yield random schemas in which much is opened, and documents to try on them."""
    drawer = Drawer(random)
    for _ in range(SCHEMAS):
        schema, _ = drawer.pair()
        for each in objects(schema):
            if random.random() < 0.3:
                each.update(json.loads(json.dumps(random.choice(OPENED))))
        if isinstance(schema, dict):
            yield schema, list(drawer.documents(DOCUMENTS, schema))


@pytest.mark.parametrize("seed", range(4))
def test_what_is_ignored_is_what_the_exact_schema_refuses(seed: int) -> None:
    told = 0
    for schema, documents in schemas(Random(seed)):  # noqa: S311 - a seed that can be repeated is the point
        exact, opened = judge(schema), tolerant(schema)
        wide, rule = judge(opened), TolerantRule(json.dumps(opened))
        for document in documents:
            if not wide.is_valid(document):
                assert not exact.is_valid(document), (schema, document)
                continue
            found = rule.ignored(document)
            assert bool(found) != exact.is_valid(document), (schema, document, found)
            told += bool(found)
    assert told > SCHEMAS
