"""What ``compare`` says about pairs that people ask about, and that it has an answer to anything."""

import json
from typing import Any

import pytest
from command_kit import ROOT

from sguild_codegen.compat import compare, scalars
from sguild_codegen.compat.tolerance import tolerant


def contract(name: str) -> dict[str, Any]:
    (path,) = (ROOT / "contracts").rglob(f"{name}.json")
    read: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return read


def test_the_real_step_breaks_strict_readers_both_ways() -> None:
    found = compare(contract("credit.released-v1"), contract("credit.released-v2"))
    assert (found.backward.verdict, found.forward.verdict) == ("breaking", "breaking")
    assert found.backward.schema_pointer == "/required"
    assert "reason_code" not in found.backward.witness
    assert found.forward.schema_pointer == "/additionalProperties"
    assert found.forward.witness["reason_code"]


def test_the_real_step_leaves_tolerant_readers_of_version_1_in_peace() -> None:
    found = compare(contract("credit.released-v1"), contract("credit.released-v2"), "tolerant")
    assert found.forward.verdict == "compatible"
    assert found.forward.proven_twice
    assert found.backward.verdict == "breaking"


def test_a_witness_has_the_required_keys_and_one_difference() -> None:
    old = contract("payment.failed-v1")
    new = json.loads(json.dumps(old))
    new["properties"]["attempt_number"]["minimum"] = 2
    witness = compare(old, new).backward.witness
    assert witness.keys() == set(old["required"]) or witness.keys() == {*old["required"], "next_retry_at"}
    assert witness["attempt_number"] == 1


@pytest.mark.parametrize(
    ("old", "new", "backward", "forward"),
    [
        ({"type": "string"}, {"type": ["string", "null"]}, "compatible", "breaking"),
        ({"minimum": 1}, {"exclusiveMinimum": 0}, "compatible", "breaking"),
        (
            {"type": "integer", "minimum": 1},
            {"type": "integer", "exclusiveMinimum": 0},
            "compatible",
            "compatible",
        ),
        ({"multipleOf": 6}, {"multipleOf": 3}, "compatible", "breaking"),
        ({"pattern": "^a+$"}, {"pattern": "^[ab]+$"}, "compatible", "breaking"),
        ({"enum": ["a"]}, {"const": "a"}, "compatible", "compatible"),
        ({"required": ["foo"]}, {"required": ["bar"]}, "breaking", "breaking"),
        (True, {}, "compatible", "compatible"),
        (False, {"type": "object"}, "compatible", "breaking"),
        ({"const": None}, {"type": "null"}, "compatible", "compatible"),
        ({"format": "uuid"}, {"type": "string"}, "breaking", "breaking"),
        ({"type": "string", "format": "uuid"}, {"type": "string", "minLength": 36}, "compatible", "breaking"),
        ({"title": "A", "x-team": "b"}, {"description": "C"}, "compatible", "compatible"),
    ],
)
def test_small_pairs(old: Any, new: Any, backward: str, forward: str) -> None:
    found = compare(old, new)
    assert (found.backward.verdict, found.forward.verdict) == (backward, forward)


def test_null_can_be_a_witness() -> None:
    found = compare({"type": ["string", "null"]}, {"type": "string"}).backward
    assert (found.verdict, found.witness, found.schema_pointer) == ("breaking", None, "/type")


def test_unknown_keywords_are_listed() -> None:
    assert compare({"x-team": "a", "properties": {"b": {"nullable": True}}}, {}).ignored == (
        "nullable",
        "x-team",
    )


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (5, "invalid"),
        ("text", "invalid"),
        (None, "invalid"),
        ([], "invalid"),
        ({"type": "strin"}, "invalid"),
        ({"pattern": "("}, "invalid"),
        ({"$ref": "#/$defs/none"}, "invalid"),
        ({"$ref": "https://example.org/schema.json"}, "invalid"),
        ({"pattern": "(?=a)b"}, "looks around"),
        ({"pattern": "(?<!a)b"}, "looks around"),
        ({"pattern": "(?i)b"}, "sets flags"),
        ('{"type":"string"}', "neither an object"),
        ("true", "neither an object"),
        ({"if": {"$ref": "#", "unevaluatedItems": False}}, "refers to itself"),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"not": {"$ref": "#"}}}}, "refers to itself"),
        ({"anyOf": [{"$ref": "#"}, {"type": "string"}]}, "refers to itself"),
        ({"$dynamicRef": "#x", "$defs": {"a": {"$dynamicAnchor": "x"}}}, "dynamicRef"),
    ],
)
def test_what_is_not_handled_is_undecided_with_the_reason(value: Any, reason: str) -> None:
    for found in (compare(value, {"maxLength": 3}), compare({"maxLength": 3}, value)):
        assert (found.backward.verdict, found.forward.verdict) == ("undecided", "undecided")
        assert reason in str(found.backward.reason)


def test_a_schema_inside_is_found_by_its_id() -> None:
    schema = {"$id": "http://a/", "$ref": "b", "$defs": {"x": {"$id": "b", "type": "string"}}}
    found = compare(schema, {"type": "string"})
    assert (found.backward.verdict, found.forward.verdict) == ("compatible", "compatible")


def test_keywords_of_older_drafts_are_listed_and_constrain_nothing() -> None:
    found = compare({"type": "object"}, {"type": "object", "dependencies": {"a": ["b"]}})
    assert (found.backward.verdict, found.forward.verdict) == ("compatible", "compatible")
    assert found.ignored == ("dependencies",)


def test_no_other_lens() -> None:
    with pytest.raises(ValueError, match="choose strict or tolerant"):
        compare({}, {}, "foo")  # type: ignore[arg-type]


def test_deep_nesting_is_undecided() -> None:
    schema: Any = {}
    for _ in range(5_000):
        schema = {"not": schema}
    assert compare(schema, {}).backward.verdict == "undecided"


@pytest.mark.parametrize(
    ("schema", "document"),
    [
        ({"properties": {"a": {}}, "additionalProperties": False}, {"b": 1}),
        ({"properties": {"a": {"enum": ["x"]}}}, {"a": "y"}),
        ({"items": {"enum": ["x", None]}}, ["y", None]),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"enum": ["x"]}}}, "y"),
    ],
)
def test_a_tolerant_reader_lets_pass(schema: Any, document: Any) -> None:
    assert compare({"const": document}, schema).backward.verdict == "breaking"
    assert compare({"const": document}, schema, "tolerant").backward.verdict == "compatible"


@pytest.mark.parametrize(
    ("schema", "document"),
    [
        ({"properties": {"a": {"const": "x"}}}, {"a": "y"}),
        ({"additionalProperties": False}, {"b": 1}),
        ({"properties": {"a": {"enum": ["x"]}}}, {"a": 1}),
        ({"enum": ["x", 1]}, "y"),
        ({"propertyNames": {"enum": ["a"]}}, {"b": 1}),
        ({"not": {"enum": ["x"]}}, "x"),
    ],
)
def test_a_tolerant_reader_still_refuses(schema: Any, document: Any) -> None:
    assert compare({"const": document}, schema, "tolerant").backward.verdict == "breaking"


REASON: Any = {"enum": ["a"]}


def test_closed_enums_stay_closed() -> None:
    schema = {"properties": {"reason": {"enum": ["a"]}, "other": {"enum": ["a"]}}}
    assert tolerant(schema, ["reason"])["properties"] == {
        "reason": {"enum": ["a"]},
        "other": {"type": "string", "x-exact": {"enum": ["a"]}},
    }


SPEAKING_OF_THE_SAME_OBJECT: list[Any] = [
    {"allOf": [{"properties": {"reason": REASON}}]},
    {"anyOf": [{"properties": {"reason": REASON}}]},
    {"if": {"required": ["kind"]}, "then": {"properties": {"reason": REASON}}},
    {"if": {"required": ["other"]}, "else": {"properties": {"reason": REASON}}},
    {"dependentSchemas": {"reason": {"properties": {"reason": REASON}}}},
    {"$ref": "#/$defs/cause", "$defs": {"cause": {"properties": {"reason": REASON}}}},
    {"allOf": [{"$ref": "#/$defs/cause"}], "$defs": {"cause": {"patternProperties": {"^rea": REASON}}}},
    {"patternProperties": {"^(r|e|a)+son$": REASON}},
    {"allOf": [{"additionalProperties": REASON}]},
    {
        "oneOf": [
            {"required": ["kind"], "properties": {"kind": {"const": "a"}, "reason": REASON}},
            {"required": ["kind"], "properties": {"kind": {"const": "b"}}},
        ]
    },
]


@pytest.mark.parametrize("schema", SPEAKING_OF_THE_SAME_OBJECT, ids=lambda each: next(iter(each)))
def test_closed_enums_stay_closed_wherever_the_same_object_is_spoken_of(schema: Any) -> None:
    writes = {"const": {"reason": "b", "kind": "a"}}
    closed = compare(writes, schema, "tolerant", closed_enums=["reason"]).backward
    assert closed.verdict == "breaking"
    assert compare(writes, schema, "tolerant").backward.verdict == "compatible"


def test_a_definition_is_opened_where_it_speaks_of_another_object() -> None:
    schema = {
        "$ref": "#/$defs/cause",
        "properties": {"inner": {"$ref": "#/$defs/cause"}},
        "$defs": {"cause": {"properties": {"reason": REASON}}},
    }
    for document, verdict in [({"reason": "b"}, "breaking"), ({"inner": {"reason": "b"}}, "compatible")]:
        found = compare({"const": document}, schema, "tolerant", closed_enums=["reason"])
        assert found.backward.verdict == verdict


def test_discriminators_stay_closed() -> None:
    branch = {"required": ["kind"], "properties": {"kind": {"enum": ["a"]}, "x": {"enum": ["b"]}}}
    other = {"required": ["kind"], "properties": {"kind": {"const": "c"}}}
    opened = tolerant({"oneOf": [branch, other]})["oneOf"]
    assert opened[0]["properties"] == {
        "kind": {"enum": ["a"]},
        "x": {"type": "string", "x-exact": {"enum": ["b"]}},
    }
    assert tolerant({"oneOf": [{"enum": ["a"]}, {"enum": ["b"]}]})["oneOf"] == [
        {"enum": ["a"]},
        {"enum": ["b"]},
    ]


def test_what_is_remembered_of_texts_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scalars, "_MOST_KNOWN", 5)
    monkeypatch.setattr(scalars, "_found", {})
    for _ in range(2):
        for least in range(1, 20):
            old, new = {"type": "string", "minLength": least}, {"type": "string", "minLength": least + 1}
            assert compare(old, new).backward.witness == "a" * least
            assert len(scalars._found) <= 5
