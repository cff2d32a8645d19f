"""Printers: the shape of a finding, and hostile text that stays harmless in every format."""

import json

import pytest

from sguild_codegen.report import rules
from sguild_codegen.report.finding import Finding, in_order
from sguild_codegen.report.printers import PRINTERS

HOSTILE = "::error::\x1b[2J\r\n\u202e\u2028\ud800%0A\x00"


def _finding(**changes: object) -> Finding:
    values: dict[str, object] = {
        "rule": rules.UNKNOWN_KEYWORD,
        "path": "contracts/a.json",
        "message": "no keyword",
        "help": "Mend it.",
        "line": 14,
        "column": 7,
        "length": 9,
        "pointer": "/minimun",
        "source": '      "minimun": 1',
    }
    return Finding(**{**values, **changes})  # type: ignore[arg-type]


def _printed(name: str, *findings: Finding) -> str:
    return PRINTERS[name](findings)


def test_text_shows_place_rule_source_and_help() -> None:
    assert _printed("text", _finding()) == (
        'contracts/a.json:14:7: SG040 error: no keyword\n    "minimun": 1\n    ^~~~~~~~~\n'
        "pointer: /minimun\nhelp: Mend it.\n"
    )


def test_a_long_line_is_cut_around_the_place() -> None:
    printed = _printed("text", _finding(source="x" * 500 + "HERE" + "y" * 500, column=501, length=4))
    _, source, mark, *_ = printed.splitlines()
    assert len(source) < 130
    assert source[mark.index("^") :].startswith("HERE")


def test_a_finding_about_a_file_is_one_line() -> None:
    finding = _finding(line=None, column=None, source=None)
    assert _printed("text", finding) == "contracts/a.json: SG040 error: no keyword. Mend it.\n"


@pytest.mark.parametrize("name", PRINTERS)
def test_hostile_text_is_harmless(name: str) -> None:
    finding = _finding(path=HOSTILE, message=HOSTILE, help=HOSTILE, source=HOSTILE, pointer=HOSTILE)
    printed = _printed(name, finding)
    assert all(line.isprintable() for line in printed.split("\n"))
    commands = [line for line in printed.split("\n") if line.startswith("::")]
    assert len(commands) == (1 if name == "github" else 0)
    # What GitHub would take for a line break; the path in SARIF is a URI.
    assert ("%250A" in printed) is (name in {"github", "sarif"})


def test_json_is_one_document() -> None:
    listed = json.loads(_printed("json", _finding(), _finding(line=15)))["findings"]
    assert [(each["rule"], each["line"], each["column"]) for each in listed] == [
        ("SG040", 14, 7),
        ("SG040", 15, 7),
    ]


def test_order_is_by_place_and_equal_findings_are_one() -> None:
    first, second = _finding(line=2), _finding(line=10)
    assert in_order([second, first, _finding(line=2)]) == (first, second)
