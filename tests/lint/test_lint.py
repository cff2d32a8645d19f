"""`sguild-codegen lint` as a command: places, ignores, days, and edits in place."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from command_kit import ROOT, rule_ids, run
from shop_kit import ADDRESS, PAYLOAD, REGISTRY, example, found, lint, registry, shop

from sguild_codegen.compat import compare

IMPOSSIBLE = {"size": {"type": "integer", "minimum": 1, "multipleOf": 5, "maximum": 4, "description": "A"}}
OPEN = {"size": {"type": "object", "description": "In millimetres.", "maxProperties": 3}}
IGNORE = '{{ rule = "{rule}", {where}reason = "an old reader needs it" }}'


@pytest.fixture(autouse=True)
def _settings_of_the_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def ignoring(entry: str) -> None:
    Path("pyproject.toml").write_text(f"[tool.sguild-codegen.lint]\nignore = [\n{entry}\n]\n", "utf-8")


def test_a_finding_has_a_place_and_a_way_out(tmp_path: Path) -> None:
    result = lint(shop(tmp_path, "properties", OPEN))
    assert result.code == 1
    assert re.fullmatch(
        rf"contracts/{PAYLOAD}:\d+:\d+: SG220 warning: the object takes any property\n"
        r'    "type": "object",\n +\^~+\n'
        r"event type: order.placed\npointer: /properties/size/type\n"
        r'help: Write "additionalProperties": false.*\n',
        result.out,
    )


def test_a_finding_names_the_event_type(tmp_path: Path) -> None:
    listed = json.loads(lint(shop(tmp_path, "properties", OPEN), "--format", "json").out)["findings"]
    assert [each["event_type"] for each in listed] == ["order.placed"]


def test_warnings_of_the_reader_are_findings_too(tmp_path: Path) -> None:
    assert "SG034" in found(shop(tmp_path, "entry", {"ordering_key": "nothing"}))


def test_contracts_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    contracts = shop(tmp_path)
    (contracts / PAYLOAD).write_text("{", "utf-8")
    assert (lint(contracts).code, rule_ids(lint(contracts).out)) == (2, ["SG006"])


@pytest.mark.parametrize(
    "where",
    [
        "",
        'event_type = "order.placed", ',
        'path = "shop/*/order.placed-v1.json", ',
        'pointer = "/properties/size", ',
        f'path = "{PAYLOAD}", event_type = "order.placed", pointer = "/properties", ',
    ],
)
def test_an_ignore_with_a_reason_holds(where: str, tmp_path: Path) -> None:
    contracts = shop(tmp_path, "properties", OPEN)
    for rule in ("open-object", "SG220"):
        ignoring(IGNORE.format(rule=rule, where=where))
        assert (lint(contracts).code, found(contracts)) == (0, [])


@pytest.mark.parametrize(
    "where", ['event_type = "order.paid", ', 'path = "shop/*-v2.json", ', 'pointer = "/properties/siz", ']
)
def test_an_ignore_of_another_place_is_a_finding(where: str, tmp_path: Path) -> None:
    contracts = shop(tmp_path, "properties", OPEN)
    ignoring(IGNORE.format(rule="open-object", where=where))
    assert found(contracts) == ["SG220", "SG290"]
    assert "pyproject.toml:3:1: SG290 warning: " in lint(contracts).out


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ('ignore = [{ rule = "open-object" }]', "has no reason"),
        ('ignore = [{ rule = "open-object", reason = " " }]', "reason has to be a text"),
        ('ignore = [{ reason = "so" }]', "has no rule"),
        ('ignore = [{ rule = "open-objct", reason = "so" }]', 'did you mean "open-object"?'),
        ('ignore = [{ rule = "SG001", reason = "so" }]', "lint has no rule"),
        ('ignore = [{ rule = "open-object", reasn = "so" }]', 'did you mean "reason"?'),
        ('ignore = ["open-object"]', "has to be a table"),
        ('ignore = "open-object"', "has to be an array"),
        ("strict = true", "its only key is ignore"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(settings: str, says: str, tmp_path: Path) -> None:
    Path("pyproject.toml").write_text(f"[tool.sguild-codegen.lint]\n{settings}\n", "utf-8")
    result = lint(shop(tmp_path))
    assert (result.code, result.out) == (2, "")
    assert says in result.err


@pytest.mark.parametrize(("day", "code"), [("2030-01-01", 0), ("2030-01-02", 1), ("2031-01-01", 1)])
def test_windows_are_judged_on_the_day_that_is_given(day: str, code: int, tmp_path: Path) -> None:
    versions = [{"version": 1, "status": "current", "emit_until": "2030-02-01"}]
    contracts = shop(tmp_path, "entry", {"versions": versions})
    assert run("lint", "--contracts", contracts, "--today", day).code == code


def test_a_day_that_is_none_is_refused(tmp_path: Path) -> None:
    result = run("lint", "--contracts", shop(tmp_path), "--today", "tomorrow")
    assert (result.code, "--today" in result.err) == (2, True)


def test_an_edit_leaves_everything_else_as_it_is(tmp_path: Path) -> None:
    contracts = shop(tmp_path)
    text = (contracts / PAYLOAD).read_text("utf-8")
    odd = text.replace('"maxLength": 20,', '"minLength":0 ,  "maxLength":\t20,').replace("\n", "\r\n")
    (contracts / PAYLOAD).write_bytes(odd.encode())
    result = lint(contracts, "--fix")
    assert (result.code, result.out) == (0, "")
    assert f"fixed contracts/{PAYLOAD}:" in result.err
    assert (contracts / PAYLOAD).read_bytes() == odd.replace('"minLength":0 ,  ', "").encode()


@pytest.mark.parametrize(
    ("member", "mended"),
    [
        ('{"minLength": 0, "type": "string", "maxLength": 9', '{"type": "string", "maxLength": 9'),
        ('{"type": "string", "maxLength": 9, "minLength": 0', '{"type": "string", "maxLength": 9'),
        ('{"enum": [ "a" ]', '{"const": "a"'),
        ('{"enum": ["é\\n"]', '{"const": "é\\n"'),
        ('{"type": "integer", "minLength": 1, "maxLength": 2, "format": "date"', '{"type": "integer"'),
    ],
)
def test_members_are_mended_where_they_stand(member: str, mended: str, tmp_path: Path) -> None:
    contracts = shop(tmp_path)
    text = (contracts / PAYLOAD).read_text("utf-8")
    place, rest = '"properties": {', ', "description": "Of the till."},'
    (contracts / PAYLOAD).write_text(text.replace(place, f'{place}"code": {member}{rest}'), "utf-8")
    assert lint(contracts, "--fix").code == 0
    assert (contracts / PAYLOAD).read_text("utf-8") == text.replace(place, f'{place}"code": {mended}{rest}')


def test_a_title_that_is_missing_is_put_behind_the_id(tmp_path: Path) -> None:
    contracts = shop(tmp_path)
    text = (contracts / PAYLOAD).read_text("utf-8")
    (contracts / PAYLOAD).write_text(re.sub(r'  "title": .*\n', "", text), "utf-8")
    assert lint(contracts, "--fix").code == 0
    assert (contracts / PAYLOAD).read_text("utf-8") == text


def test_definitions_that_only_each_other_use_go_together(tmp_path: Path) -> None:
    defs = {"a": {"$ref": "#/$defs/b"}, "b": {"type": "integer"}}
    contracts = shop(tmp_path, "payload", {"$defs": defs})
    assert lint(contracts, "--fix").code == 0
    assert "$defs" not in (contracts / PAYLOAD).read_text("utf-8")


def test_a_definition_that_keeps_another_file_in_the_tree_is_not_removed(tmp_path: Path) -> None:
    contracts = shop(tmp_path, "payload", {"$defs": {"a": {"$ref": "../address.json"}}})
    assert found(contracts) == ["SG260"]
    assert (lint(contracts, "--fix").code, found(contracts)) == (1, ["SG260"])


def test_a_gap_of_versions_is_one_finding(tmp_path: Path) -> None:
    versions = [{"version": 2, "status": "withdrawn"}, {"version": 9999, "status": "current"}]
    messages = lint(shop(tmp_path, "entry", {"versions": versions})).out
    assert re.findall(r"SG250 warning: (.*)", messages) == [
        "order.placed has no version 1",
        "order.placed has no version 3 to 9998",
    ]


def test_ignores_are_about_the_contracts_beside_them(tmp_path: Path) -> None:
    shop(tmp_path)
    ignoring(IGNORE.format(rule="open-object", where=""))
    assert found(shop(tmp_path / "other", "properties", OPEN)) == ["SG220"]


@pytest.mark.parametrize(
    "case", sorted(each.parent.name for each in (ROOT / "tests/golden").glob("*/contracts"))
)
def test_mending_changes_no_verdict(case: str, tmp_path: Path) -> None:
    golden = ROOT / "tests/golden" / case / "contracts"
    contracts = Path(shutil.copytree(golden, tmp_path / "contracts"))
    assert lint(contracts, "--fix").code in {0, 1}
    for each in contracts.rglob("*.json"):
        before = golden / each.relative_to(contracts)
        if each.name != REGISTRY and before.read_bytes() != each.read_bytes():
            comparison = compare(json.loads(before.read_bytes()), json.loads(each.read_bytes()))
            assert (comparison.backward.verdict, comparison.forward.verdict) == ("compatible", "compatible")


def test_a_keyword_that_holds_a_schema_is_not_removed(tmp_path: Path) -> None:
    contracts = shop(tmp_path, "payload", {"then": {"required": ["customer_id"]}})
    assert found(contracts) == ["SG283"]
    assert (lint(contracts, "--fix").code, found(contracts)) == (1, ["SG283"])


def test_an_id_that_references_hang_on_is_not_changed(tmp_path: Path) -> None:
    inner = {"around": {"$ref": "address.json", "description": "What it lies in."}}
    other = {"$id": "https://contracts.sguild/x.json", "properties": inner}
    contracts = shop(tmp_path, "shared", other)
    lint(contracts, "--fix")
    assert "SG203" in found(contracts)


def test_a_proof_follows_a_reference_to_a_file_with_a_wrong_id(tmp_path: Path) -> None:
    contracts = shop(tmp_path, "payload", {"required": ["order_id", "coupon_code", "address"]})
    text = (contracts / ADDRESS).read_text("utf-8")
    never = text.replace('"type": "object"', '"type": "object", "minProperties": 2').replace(
        "/shop/", "/pub/"
    )
    (contracts / ADDRESS).write_text(never, "utf-8")
    assert found(contracts).count("SG270") == 2  # the address, and each order around it


def test_of_two_keys_that_are_as_usual_neither_is_the_exception(tmp_path: Path) -> None:
    entries = registry()["event_types"]
    entries[0]["ordering_key"] = "coupon_code"
    del entries[1]["ordering_key"]
    assert found(shop(tmp_path, "registry", {"event_types": entries})) == []


def test_a_condition_need_not_describe_a_property_again(tmp_path: Path) -> None:
    condition = {"required": ["coupon_code"], "properties": {"coupon_code": {"minLength": 9}}}
    assert found(shop(tmp_path, "payload", {"anyOf": [condition, {"required": ["placed_at"]}]})) == []


def test_nothing_is_written_without_a_reason(tmp_path: Path) -> None:
    contracts = shop(tmp_path)
    before = {each: each.stat().st_mtime_ns for each in contracts.rglob("*.json")}
    lint(contracts, "--fix")
    lint(shop(tmp_path / "other", "payload", {"title": "wrong"}))
    assert before == {each: each.stat().st_mtime_ns for each in contracts.rglob("*.json")}
    assert "wrong" in (tmp_path / "other/contracts" / PAYLOAD).read_text("utf-8")


def test_an_ignored_finding_is_not_mended(tmp_path: Path) -> None:
    contracts = shop(tmp_path, "payload", {"title": "Orders"})
    ignoring(IGNORE.format(rule="payload-title", where=""))
    assert lint(contracts, "--fix").code == 0
    assert '"title": "Orders"' in (contracts / PAYLOAD).read_text("utf-8")


@pytest.mark.parametrize(
    ("schema", "names"),
    [
        ({"anyOf": [{"type": "string", "maxLength": 1}, {"type": "null"}]}, []),
        ({"type": "string", "pattern": "^[a-z]{2}(-[A-Z]{2})?$"}, []),
        ({"type": "string", "pattern": "^(a|b)*$"}, ["SG225"]),
        ({"type": "string", "pattern": "[a-z]{2}"}, ["SG225"]),
        ({"type": "string", "pattern": "^a|b$"}, ["SG225"]),
        ({"type": "array", "items": {"enum": ["a", "b"]}, "uniqueItems": True}, []),
        ({"type": "array", "items": {"enum": ["a", "b"]}}, ["SG226"]),
        ({"type": "array", "prefixItems": [{"type": "integer"}], "items": False}, []),
        ({"type": "object", "additionalProperties": {"type": "integer"}, "maxProperties": 2}, []),
        ({"type": "string", "maxLength": 3, "pattern": "^a{4}$"}, ["SG270"]),
        ({"type": "integer", "minimum": 2, "maximum": 2, "not": {"const": 2}}, ["SG270"]),
        ({"const": 5, "not": {"type": "integer"}}, ["SG270"]),
        ({"type": "integer", "minimum": 1, "if": {"minimum": 1}, "then": {"maximum": 3}}, ["SG273"]),
        ({"type": "integer", "if": {"minimum": 1}, "then": False}, []),
        ({"type": "integer", "oneOf": [{"minimum": 5}, {"maximum": 1}]}, []),
        ({"type": "integer", "maximum": 3, "oneOf": [{"minimum": 5}, {"maximum": 1}]}, ["SG272"]),
    ],
)
def test_what_is_found_in_a_value(schema: dict[str, Any], names: list[str], tmp_path: Path) -> None:
    member = {"value": {"description": "Of the till.", **schema}}
    assert found(shop(tmp_path, "properties", member)) == names


def test_the_cause_is_told_and_not_each_schema_around_it(tmp_path: Path) -> None:
    inner = {"type": "integer", "minimum": 2, "exclusiveMaximum": 2, "description": "Grams."}
    outer = {
        "type": "object",
        "description": "Of the till.",
        "additionalProperties": False,
        "required": ["weight"],
        "properties": {"weight": inner},
    }
    contracts = shop(tmp_path, "payload", {"properties": {"value": outer}, "required": ["order_id", "value"]})
    names = found(contracts)
    assert set(names) <= {"SG242", "SG270", "SG271"}
    assert names.count("SG270") == 1


def test_a_contradiction_behind_a_reference_is_told_in_its_own_file(tmp_path: Path) -> None:
    never = {"type": "string", "maxLength": 3, "pattern": "^a{4}$"}
    contracts = shop(
        tmp_path, "shared", {"properties": {"zip_name": {**never, "description": "Of the town."}}}
    )
    listed = json.loads(lint(contracts, "--format", "json").out)["findings"]
    assert [(each["rule"], each["path"]) for each in listed] == [("SG270", f"contracts/{ADDRESS}")]


def test_the_contracts_of_this_repository_are_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    result = run("lint", "--today", "2026-08-01")
    assert (result.code, result.out) == (0, "")


def test_text_of_a_contract_cannot_reach_the_terminal(tmp_path: Path) -> None:
    contracts = example(tmp_path, "properties", '"a\\u001b[31m": {"type": "integer"}')
    assert "\x1b" not in lint(contracts).out
    assert (contracts / REGISTRY).exists()


def test_what_the_time_did_not_suffice_for_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contracts = shop(tmp_path, "properties", IMPOSSIBLE)
    assert "SG270" in found(contracts)
    monkeypatch.setattr("sguild_codegen.lint.proofs.BUDGET", -1.0)
    assert "SG270" not in found(contracts)
    result = lint(contracts)
    assert result.code == 0
    assert (
        "questions about this file could not be decided: the time for this comparison is over\n" in result.out
    )


@pytest.mark.parametrize("name", ["json", "junit", "sarif", "markdown"])
def test_a_report_says_what_was_looked_at(name: str, tmp_path: Path) -> None:
    contracts = shop(tmp_path)
    assert str(contracts) in lint(contracts, "--format", name).out.replace("&#46;", ".").replace("\\", "")
