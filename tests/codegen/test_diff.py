"""`sguild-codegen diff` on two files and on two versions: verdicts, witnesses, edits, exit codes."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from command_kit import ROOT, Result, run

from sguild_codegen.report.change_rules import objects, structure, values, verdicts
from sguild_codegen.report.change_rules.change_rule import ChangeRule

CONTRACTS = ROOT / "contracts"
CLOSED = {"type": "object", "additionalProperties": False, "properties": {"id": {"type": "string"}}}
GROWN = {**CLOSED, "properties": {**CLOSED["properties"], "note": {"type": "string"}}}  # type: ignore[dict-item]


def diff_files(folder: Path, old: object, new: object, *options: str) -> Result:
    for name, value in (("old.json", old), ("new.json", new)):
        (folder / name).write_text(json.dumps(value, indent=2), "utf-8")
    return run("diff", folder / "old.json", folder / "new.json", *options)


def found(result: Result) -> list[dict[str, Any]]:
    return list(json.loads(result.out)["findings"])


@pytest.mark.parametrize(
    "rule", [*objects.RULES, *values.RULES, *structure.RULES], ids=lambda each: each.name
)
def test_the_example_of_every_edit_is_found_by_the_command(rule: ChangeRule, tmp_path: Path) -> None:
    result = diff_files(tmp_path, json.loads(rule.before), json.loads(rule.after), "--format", "json")
    edits = [each for each in found(result) if each["rule"] >= "SG110"]
    assert [each["name"] for each in edits] == [rule.name]
    assert edits[0]["line"]
    assert edits[0]["related"][0]["line"]
    broken = {each["name"] for each in found(result) if each["level"] == "error"}
    assert result.code == (1 if broken else 0)
    assert bool(broken) == (rule.effect != "nothing")


@pytest.mark.parametrize("rule", verdicts.RULES, ids=lambda each: each.name)
def test_the_example_of_every_verdict_is_found_by_the_command(rule: ChangeRule, tmp_path: Path) -> None:
    if not rule.before:
        assert rule in {verdicts.STALE_WAIVER, verdicts.EXPIRED_WAIVER}
        return
    options = ("--lens", "tolerant", "--format", "json")
    result = diff_files(tmp_path, json.loads(rule.before), json.loads(rule.after), *options)
    assert rule.name in {each["name"] for each in found(result)}


def test_a_break_is_told_with_its_proof_and_both_places(tmp_path: Path) -> None:
    result = diff_files(tmp_path, {"type": "string", "maxLength": 3}, {"type": "string", "maxLength": 2})
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    assert result.code == 1
    assert result.out == (
        f"{new}:3:3: SG101 error: readers of {new} refuse what {old} allows\n"
        '    "maxLength": 2\n'
        "    ^~~~~~~~~~~\n"
        "pointer: /maxLength\n"
        f"witness: accepted by {old}, refused by readers of {new}\n"
        '    "aaa"\n'
        f"see: {old}:3:3: {old}, /maxLength\n"
        '    "maxLength": 3\n'
        f"help: Take all that {old} allows. Behind it: SG140.\n"
        f"{new}:3:3: SG140 notice: maxLength was 3 and is 2\n"
        '    "maxLength": 2\n'
        "    ^~~~~~~~~~~\n"
        "pointer: /maxLength\n"
        f"see: {old}:3:3: {old}, /maxLength\n"
        '    "maxLength": 3\n'
        'help: "sguild-codegen explain SG140" says whom it can break, and how to do without.\n'
    )
    assert result.err == (
        f"{old} → {new}: backward: breaking, forward: compatible.\n"
        "1 error, 1 notice.\n"
    )  # fmt: skip


def test_the_witness_is_a_document_that_only_one_side_takes(tmp_path: Path) -> None:
    (verdict, _) = found(diff_files(tmp_path, CLOSED, GROWN, "--format", "json"))
    document = verdict["witness"]["document"]
    assert verdict["name"] == "forward-break"
    jsonschema.validate(document, GROWN)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, CLOSED)


@pytest.mark.parametrize(
    ("options", "code", "rules"),
    [
        ((), 1, {"forward-break": "error"}),
        (("--policy", "BACKWARD"), 0, {"forward-break": "notice"}),
        (("--policy", "none"), 0, {"forward-break": "notice"}),
        (("--policy", "forward"), 1, {"forward-break": "error"}),
        (("--lens", "tolerant"), 0, {"exact-forward-break": "notice"}),
    ],
)
def test_policy_and_lens_decide_what_is_an_error(
    options: tuple[str, ...], code: int, rules: dict[str, str], tmp_path: Path
) -> None:
    result = diff_files(tmp_path, CLOSED, GROWN, "--format", "json", *options)
    told = {each["name"]: each["level"] for each in found(result) if each["rule"] < "SG110"}
    assert (result.code, told) == (code, rules)


@pytest.mark.parametrize(
    ("lens", "verdict"),
    [
        ("strict", "breaking (tolerant readers: compatible)"),
        ("tolerant", "compatible (exact readers: breaking)"),
    ],
)
def test_the_summary_begins_with_the_readers_that_count(lens: str, verdict: str, tmp_path: Path) -> None:
    result = diff_files(tmp_path, CLOSED, GROWN, "--lens", lens)
    assert f": backward: compatible, forward: {verdict}.\n" in result.err


def test_what_is_undecided_breaks_unless_it_is_allowed(tmp_path: Path) -> None:
    old, new = {"$dynamicRef": "#a"}, {"$dynamicRef": "#b"}
    strict = diff_files(tmp_path, old, new)
    allowed = diff_files(tmp_path, old, new, "--allow-undecided")
    assert (strict.code, allowed.code) == (1, 0)
    assert "SG105 error: whether readers of" in strict.out
    assert "SG105 notice: whether readers of" in allowed.out


def test_schemas_that_say_the_same_have_no_findings(tmp_path: Path) -> None:
    result = diff_files(tmp_path, CLOSED, dict(reversed(CLOSED.items())))
    assert result == Result(0, "", "Nothing has changed.\n")


@pytest.mark.parametrize(("old", "new"), [(True, False), (3, {}), ({"$ref": "#/nowhere"}, {}), ([], None)])
def test_any_json_value_can_be_compared(old: object, new: object, tmp_path: Path) -> None:
    assert diff_files(tmp_path, old, new).code in {0, 1}


def test_the_real_step_of_credit_released_passes() -> None:
    options = ("--contracts", CONTRACTS, "--format", "json")
    result = run("diff", "credit.released", "1", "2", *options)
    by_name = {each["name"]: each for each in found(result)}
    assert result.code == 0
    assert set(by_name) == {
        "backward-break", "exact-forward-break", "property-added", "property-made-required"
    }  # fmt: skip
    backward = by_name["backward-break"]
    assert backward["level"] == "notice"
    assert backward["help"].startswith('An up-adapter from version 1 has to supply "reason_code".')
    assert backward["audience"] == ["coaching", "delivery", "platform", "sales"]
    assert "forward: compatible (exact readers: breaking)" in result.err


def test_two_versions_are_held_to_the_policy_that_is_asked_for() -> None:
    step = ("diff", "credit.released", "v1", "v2", "--contracts", CONTRACTS)
    assert run(*step, "--policy", "FULL").code == 1
    assert run(*step, "--policy", "FORWARD", "--lens", "strict").code == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "diff needs two files"),
        (("a.json",), "diff needs two files"),
        (("a.json", "b.json", "--against", "main"), "diff needs two files"),
        (("credit.released", "1"), "two versions (EVENT_TYPE V1 V2)"),
        (("credit.relased", "1", "2"), 'did you mean "credit.released"?'),
        (("credit.released", "1", "3"), "choose from 1, 2"),
        (("intake.captured", "1", "2"), "choose from 2"),
        (("credit.released", "1", "2", "--policy", "FORWRD"), 'did you mean "FORWARD"?'),
        (("credit.released", "1", "2", "--today", "soon"), "write it as YYYY-MM-DD"),
    ],
)
def test_arguments_that_do_not_go_together(arguments: tuple[str, ...], message: str) -> None:
    result = run("diff", *arguments, "--contracts", CONTRACTS)
    assert (result.code, result.out) == (2, "")
    assert message in result.err


def test_files_may_have_integers_that_contracts_must_not_have(tmp_path: Path) -> None:
    signed, unsigned = {"maximum": 2**63 - 1}, {"maximum": 2**64 - 1}
    assert diff_files(tmp_path, signed, signed).code == 0
    result = diff_files(tmp_path, unsigned, signed, "--format", "json")
    assert result.code == 1
    assert 2**63 <= found(result)[0]["witness"]["document"] < 2**64
    assert "SG010" in diff_files(tmp_path, {"maximum": 10**1000}, signed).out


def test_a_file_that_is_no_json_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text("{", "utf-8")
    result = run("diff", tmp_path / "old.json", tmp_path / "missing.json")
    assert result.code == 2
    assert "SG006 error" in result.out
