"""What is ignored, for random schemas: nothing that the exact one takes, and something where it refuses."""

import json
from collections.abc import Iterator, Sequence
from itertools import chain, combinations, product
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
PER_COMBINATION = 12
E = {"enum": ["a", "b"]}
PART = {"properties": {"a": E}, "additionalProperties": False}
OF_OBJECTS: list[list[Json]] = [
    [{"properties": {}}, {"properties": {"a": E}}, {"properties": {"a": PART}}],
    [{"patternProperties": {}}, {"patternProperties": {"^a": E}}, {"patternProperties": {"^x": PART}}],
    [{"additionalProperties": each} for each in (False, True, E, PART)],
    [{"unevaluatedProperties": each} for each in (False, True, E, PART)],
    [
        {"allOf": [{"properties": {"xa": E}}]},
        {"allOf": [{"patternProperties": {"a$": E}, "additionalProperties": False}]},
    ],
    [
        {"dependentSchemas": {"a": {"properties": {"xa": PART}}}},
        {"dependentSchemas": {"xa": {"additionalProperties": E}}},
    ],
    [
        {"if": {"required": ["a"]}, "then": {"properties": {"xa": E}}, "else": {"properties": {"x": PART}}},
        {"if": {"required": ["a"]}, "then": {"patternProperties": {"^x": E}, "additionalProperties": PART}},
    ],
    [{"propertyNames": {"maxLength": 2}}],
    [
        {"anyOf": [{"properties": {"a": E}}, {"properties": {"x": PART}}]},
        {"anyOf": [{"allOf": [{"properties": {"a": E, "b": PART}}]}, {"patternProperties": {"^x": E}}]},
    ],
    [{"required": ["a"]}],
]
OF_ARRAYS: list[list[Json]] = [
    [{"prefixItems": [E]}, {"prefixItems": [PART, E]}],
    [{"items": each} for each in (False, E, PART)],
    [{"unevaluatedItems": each} for each in (False, E, PART)],
    [{"contains": E}, {"contains": PART}],
    [
        {"anyOf": [{"prefixItems": [True, E]}, {"prefixItems": [PART]}]},
        {
            "allOf": [
                {"anyOf": [{"prefixItems": [PART, E]}, {"prefixItems": [E]}, {"items": {"type": "array"}}]}
            ]
        },
    ],
    [{"if": {"prefixItems": [{"const": "a"}]}, "then": {"items": E}, "else": {"prefixItems": [PART, E]}}],
]


def tagged(tag: str) -> Json:
    """Return a branch whose tag would be an open enum elsewhere."""
    return {"type": "object", "required": ["k"], "properties": {"k": {"enum": [tag]}, "a": {"enum": ["x"]}}}


OPENED: list[dict[str, Json]] = [
    {"enum": ["a", "ab"]},
    {"enum": ["a", None], "type": ["string", "null"]},
    {"enum": ["a", None], "type": "string"},
    {"unevaluatedProperties": False},
    {"properties": {"a": {"enum": ["x"]}, "b": {}}, "additionalProperties": False},
    {"anyOf": [{"properties": {"a": {"enum": ["a"]}}}, {"properties": {"b": True, "a": {"enum": ["k"]}}}]},
    {"allOf": [{"additionalProperties": True}], "unevaluatedProperties": False},
    {"oneOf": [{"enum": ["a", "ab"]}, {"type": "null"}, {"type": "array", "items": {"enum": ["a"]}}]},
    *({keyword: [tagged("a"), tagged("b"), {"type": "null"}]} for keyword in ("anyOf", "oneOf")),
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


def check_ignored(schema: Json, documents: list[Json]) -> int:
    """What is ignored in a document is what the exact schema refuses; return of how many documents."""
    exact, opened = judge(schema), tolerant(schema)
    wide, rule = judge(opened), TolerantRule(json.dumps(opened))
    told = 0
    for document in documents:
        if not wide.is_valid(document):
            assert not exact.is_valid(document), (schema, document)
            continue
        found = rule.ignored(document)
        assert bool(found) != exact.is_valid(document), (schema, document, found)
        told += bool(found)
    return told


@pytest.mark.parametrize("seed", range(4))
def test_what_is_ignored_is_what_the_exact_schema_refuses(seed: int) -> None:
    random = Random(seed)  # noqa: S311 - a seed that can be repeated is the point
    assert sum(check_ignored(schema, documents) for schema, documents in schemas(random)) > SCHEMAS


def combined(keywords: list[list[Json]]) -> Iterator[dict[str, Json]]:
    """Yield schemas of each choice of some keywords: a validator may check several of them at once."""
    for chosen in chain.from_iterable(combinations(keywords, count) for count in (1, 2, 3)):
        for parts in product(*chosen):
            yield json.loads(json.dumps({name: value for each in parts for name, value in each.items()}))


def value(random: Random, depth: int = 0) -> Json:
    kind = random.choice(("text", "text", "new", "object", "array")) if depth < 2 else "text"
    match kind:
        case "object" if depth:
            return {"a": value(random, depth + 1)}
        case "object":
            names: Sequence[str] = random.sample(("a", "x", "xa", "b", "new"), random.choice((0, 1, 2, 3)))
            return {name: value(random, depth + 1) for name in names}
        case "array":
            return [value(random, depth + 1) for _ in range(random.choice((0, 1, 2, 3)))]
        case _:
            return random.choice(("a", "b")) if kind == "text" else "new"


@pytest.mark.parametrize(("keywords", "kind"), [(OF_OBJECTS, dict), (OF_ARRAYS, list)])
def test_what_is_ignored_is_told_whatever_keywords_stand_together(
    keywords: list[list[Json]], kind: type
) -> None:
    random = Random(1)  # noqa: S311 - a seed that can be repeated is the point
    pool = [each for each in (value(random) for _ in range(4_000)) if isinstance(each, kind)]
    for schema in combined(keywords):
        check_ignored(
            {"properties": {"in": schema}, "additionalProperties": False},
            [{"in": each, "more": 1} for each in random.sample(pool, PER_COMBINATION)],
        )
        check_ignored(schema, random.sample(pool, PER_COMBINATION))
