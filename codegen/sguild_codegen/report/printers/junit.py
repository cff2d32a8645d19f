"""Findings as JUnit XML, which most CI servers show as test results.

The XML is pure ASCII, so that it means the same whatever encoding standard output has. It is built by hand,
as nothing of an XML library is needed but two escapes.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from sguild_codegen.report.finding import Finding
from sguild_codegen.report.printers.context import PLAIN, Context
from sguild_codegen.report.printers.details import NAME, about, place_of, proof_of, related
from sguild_codegen.report.safe import as_json, visible

_MARKUP: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})


def junit(findings: Sequence[Finding], context: Context = PLAIN) -> str:
    """Return one test case a finding, failed if the command fails by it; one that passed if there is none."""
    failures = sum(each.level in context.failing for each in findings)
    cases = [_case(each, fails=each.level in context.failing) for each in findings] or [
        _passed(context.checked)
    ]
    counts = f'tests="{len(cases)}" failures="{failures}" errors="0"'
    lines = (
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites name="{NAME}" {counts}>',
        f'  <testsuite name="{NAME}" {counts} skipped="0">',
        *cases,
        "  </testsuite>",
        "</testsuites>",
        "",
    )
    return "\n".join(lines)


def _passed(checked: str) -> str:
    return f'    <testcase classname="{NAME}" name="{_escaped(checked or "no findings")}"/>'


def _case(finding: Finding, *, fails: bool) -> str:
    name = f"{finding.rule.id} {finding.rule.name} at {place_of(finding)}"
    file = f'file="{_escaped(finding.path)}"'
    head = f'    <testcase classname="{_escaped(finding.path)}" name="{_escaped(name)}" {file}'
    line = "" if finding.line is None else f' line="{finding.line}"'
    body = "\n".join(map(_escaped, _lines(finding)))
    message = f'type="{finding.level}" message="{_escaped(finding.message)}"'
    inner = (
        f"<failure {message}>{body}</failure>"
        if fails
        else f"<system-out>{finding.level}: {body}</system-out>"
    )
    return f"{head}{line}>\n      {inner}\n    </testcase>"


def _lines(finding: Finding) -> Iterator[str]:
    yield f"{place_of(finding)}: {visible(finding.message)}"
    yield from (f"{label}: {value}" for label, value in about(finding))
    if finding.witness is not None:
        yield f"witness: {proof_of(finding.witness)}"
        yield from as_json(finding.witness.document, indent=2).split("\n")
    yield from (f"{label}: {value}" for label, value in related(finding))
    if finding.proposal is not None:
        yield from ("proposal:", *map(visible, finding.proposal.split("\n")))
    yield f"help: {visible(finding.help)}"


def _escaped(text: str) -> str:
    """Return text for an element or attribute; what XML forbids does not show, so it was made visible."""
    return visible(text).translate(_MARKUP).encode("ascii", "xmlcharrefreplace").decode("ascii")
