"""The edits between two schemas: each rule finds its example, and its mirror finds the way back."""

import json

import pytest

from sguild_codegen.compat import compare
from sguild_codegen.compat.edits import Edit, edits
from sguild_codegen.report.change_rules import objects, structure, values
from sguild_codegen.report.change_rules.change_rule import ChangeRule

RULES = (*objects.RULES, *values.RULES, *structure.RULES)


def found(old: object, new: object) -> list[Edit]:
    return list(edits(old, new))


def said(old: object, new: object) -> list[tuple[str, str, str]]:
    return [(each.rule.name, each.new_pointer, each.effect) for each in edits(old, new)]


@pytest.mark.parametrize("rule", RULES, ids=lambda each: each.name)
def test_an_example_is_found_by_its_rule_and_its_way_back_by_the_mirror(rule: ChangeRule) -> None:
    before, after = json.loads(rule.before), json.loads(rule.after)
    assert [each.rule.name for each in edits(before, after)] == [rule.name]
    assert [each.rule.name for each in edits(after, before)] == [rule.mirror]


@pytest.mark.parametrize("rule", RULES, ids=lambda each: each.name)
def test_what_a_rule_says_of_its_effect_is_proven_for_its_example(rule: ChangeRule) -> None:
    comparison = compare(json.loads(rule.before), json.loads(rule.after))
    broken = {
        name
        for name, direction in (("narrows", comparison.backward), ("widens", comparison.forward))
        if direction.verdict == "breaking"
    }
    expected = {"narrows": {"narrows"}, "widens": {"widens"}, "nothing": set[str]()}
    if rule.effect in expected:
        assert broken == expected[rule.effect]
    else:
        assert broken


def test_equal_schemas_have_no_edits() -> None:
    schema = {"type": "object", "properties": {"a": {"enum": [1, True]}}}
    assert not found(schema, {"properties": {"a": {"enum": [1.0, True]}}, "type": "object"})
    assert not found({"required": ["a", "b"]}, {"required": ["b", "a"]})
    assert not found({"anyOf": [{"type": "null"}, True]}, {"anyOf": [True, {"type": "null"}]})


def test_true_and_one_are_not_the_same() -> None:
    assert [each.rule.name for each in found({"const": 1}, {"const": True})] == ["const-changed"]


def test_pointers_lead_to_the_place_in_both() -> None:
    old = {"properties": {"a/b": {"anyOf": [{"type": "null"}, {"minLength": 1}]}}}
    new = {"properties": {"a/b": {"anyOf": [{"minLength": 2}, {"type": "null"}]}}}
    (edit,) = found(old, new)
    assert edit.old_pointer == "/properties/a~1b/anyOf/1/minLength"
    assert edit.new_pointer == "/properties/a~1b/anyOf/0/minLength"
    assert edit.message == "minLength was 1 and is 2"


def test_below_not_less_is_more_and_below_if_nobody_knows() -> None:
    for keyword, effect in (("not", "widens"), ("if", "either"), ("then", "narrows")):
        old, new = {keyword: {"minimum": 1}}, {keyword: {"minimum": 2}}
        assert said(old, new) == [("bound-narrowed", f"/{keyword}/minimum", effect)]
    assert said({"not": {"not": {"minimum": 1}}}, {"not": {"not": {"minimum": 2}}})[0][2] == "narrows"


def test_a_definition_is_compared_once_wherever_it_is_used() -> None:
    old = {"$ref": "#/$defs/a", "$defs": {"a": {"maxLength": 3}}}
    new = {"$ref": "#/$defs/a", "$defs": {"a": {"maxLength": 4}}}
    assert said(old, new) == [("bound-widened", "/$defs/a/maxLength", "either")]


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ({"multipleOf": 2}, {"multipleOf": 4}, "bound-narrowed"),
        ({"multipleOf": 0.3}, {"multipleOf": 0.1}, "bound-widened"),
        ({"multipleOf": 2}, {}, "bound-widened"),
        ({"contains": True, "minContains": 0}, {"contains": True}, "bound-narrowed"),
        ({"contains": True, "minContains": 2}, {"contains": True}, "bound-widened"),
        ({"additionalProperties": {"type": "null"}}, {"additionalProperties": False},
         "additional-properties-closed"),
        ({"additionalProperties": {"type": "null"}}, {}, "additional-properties-opened"),
        ({"items": False}, {"items": {"type": "null"}}, "items-freed"),
        ({"type": "integer"}, {"type": ["number", "null"]}, "type-widened"),
        ({"type": "integer"}, {}, "type-widened"),
        ({"allOf": [True]}, {"allOf": [True, {"type": "null"}]}, "condition-added"),
        ({"x-owner": "me"}, {}, "annotation-changed"),
        (True, {"type": "null"}, "type-narrowed"),
        (False, {"type": "null"}, "schema-replaced"),
        (3, "no schema", "schema-replaced"),
        ({"required": 3, "enum": {}, "properties": []}, {"required": {}, "enum": 1, "properties": 2}, None),
    ],
)  # fmt: skip
def test_single_edits(old: object, new: object, name: str | None) -> None:
    assert [each.rule.name for each in edits(old, new)] == ([] if name is None else [name])


def test_a_schema_that_moves_into_a_definition_is_the_same_schema() -> None:
    enum = {"type": "string", "enum": ["a", "b"]}
    old = {"properties": {"color": enum}}
    moved = {"properties": {"color": {"$ref": "#/$defs/color"}}, "$defs": {"color": enum}}
    for before, after in ((old, moved), (moved, old)):
        assert [(each.rule.id, each.effect) for each in edits(before, after)] == [("SG164", "nothing")]
    grown = {**moved, "$defs": {"color": {"type": "string", "enum": ["a", "b", "c"]}}}
    found = {each.rule.id: each for each in edits(old, grown)}
    assert set(found) == {"SG133", "SG164"}
    assert found["SG133"].old_pointer.startswith("/properties/color/enum")
    assert found["SG133"].new_pointer.startswith("/$defs/color/enum")


def test_a_definition_that_has_another_name_is_compared() -> None:
    def of(name: str, most: int, base: str) -> dict[str, object]:
        inner = {"maxLength": most, "properties": {"again": {"$ref": f"#/$defs/{name.replace('/', '~1')}"}}}
        root = {"properties": {"a": inner["properties"]["again"]}, "$defs": {name: inner}}  # type: ignore[index]
        return {**({"$id": base} if base else {}), **root}

    for base in ("", "https://contracts.example/a", "http://[no-uri"):
        found = [
            each for each in edits(of("old", 3, base), of("new/er", 4, base)) if each.effect != "nothing"
        ]
        assert [(each.rule.id, each.new_pointer) for each in found] == [("SG141", "/$defs/new~1er/maxLength")]


@pytest.mark.parametrize("reference", ["http://[", "#/$defs/nowhere", "#nowhere", "other.json", "#", 3])
def test_a_reference_that_leads_nowhere_is_an_edit(reference: object) -> None:
    old, new = {"properties": {"a": {"$ref": reference}}}, {"properties": {"a": {"type": "string"}}}
    for before, after in ((old, new), (new, old)):
        assert found(before, after)
