"""Findings as SARIF 2.1.0, which code scanning services read."""

import json
import re
from collections.abc import Sequence
from string import Formatter
from types import MappingProxyType
from typing import Final

from sguild_codegen.report.finding import Finding, Place
from sguild_codegen.report.printers.context import PLAIN, Context
from sguild_codegen.report.printers.details import NAME, about, fingerprints, proof_of
from sguild_codegen.report.rules import Rule
from sguild_codegen.report.safe import visible

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: Final = MappingProxyType({"error": "error", "warning": "warning", "notice": "note"})
_LEFT_OUT: Final = (None, "suggestion")
_BRACKET: Final = re.compile(r"[\[\]\\]")
_FINGERPRINT: Final = "sguildCodegen/v1"  # the number is that of the way in which fingerprints are made


def sarif(findings: Sequence[Finding], context: Context = PLAIN) -> str:
    """Return one run with the rules that were broken and one result a finding."""
    from importlib.metadata import version

    rules = {each.rule.id: each.rule for each in findings}
    order = sorted(rules)
    driver = {
        "name": NAME,
        "semanticVersion": version(NAME),
        "rules": [_rule(rules[each]) for each in order],
    }
    results = [
        _result(each, order.index(each.rule.id), fingerprint)
        for each, fingerprint in zip(findings, fingerprints(findings), strict=True)
    ]
    details = {"automationDetails": {"description": _message(context.checked)}} if context.checked else {}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        **details,
        "results": results,
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(rule: Rule) -> dict[str, object]:
    name = rule.name.replace("-", " ")
    return {
        "id": rule.id,
        "name": name.title().replace(" ", ""),
        "shortDescription": {"text": name.capitalize()},
        "fullDescription": {"text": rule.why or _in_general(rule.message)},
        "help": {
            "text": f"{_in_general(rule.help)} More: sguild-codegen explain {rule.id}".removeprefix("… ")
        },
        "defaultConfiguration": {"level": _LEVELS[rule.level]},
    }


def _in_general(template: str) -> str:
    """Return a rule's text with an ellipsis where a finding names something."""
    parts = Formatter().parse(template)
    return "".join(f"{literal}{'' if field in _LEFT_OUT else '…'}" for literal, field, _, _ in parts)


def _result(finding: Finding, index: int, fingerprint: str) -> dict[str, object]:
    return {
        "ruleId": finding.rule.id,
        "ruleIndex": index,
        "level": _LEVELS[finding.level],
        "message": _message(_text(finding)),
        "locations": [_location(finding)],
        "relatedLocations": [
            {"id": number, **_location(each), "message": _message(each.message)}
            for number, each in enumerate(finding.related, 1)
        ],
        "partialFingerprints": {_FINGERPRINT: fingerprint},
        "properties": _properties(finding),
    }


def _text(finding: Finding) -> str:
    beside = [f"{label}: {value}" for label, value in about(finding)]
    if finding.witness is not None:
        beside.append(f"witness, in the properties of this result: {proof_of(finding.witness)}")
    return "\n".join((visible(finding.message), *beside, f"help: {visible(finding.help)}"))


def _message(text: str) -> dict[str, object]:
    """Return a message; braces would be placeholders and brackets links (SARIF 2.1.0, 3.11.5 and 3.11.6)."""
    shown = "\n".join(map(visible, text.split("\n"))).replace("{", "{{").replace("}", "}}")
    return {"text": _BRACKET.sub(r"\\\g<0>", shown) if "](" in shown else shown}


def _location(place: Finding | Place) -> dict[str, object]:
    from urllib.parse import quote

    artifact = {"uri": quote(visible(place.path))}
    if not place.path.startswith("/"):
        artifact["uriBaseId"] = "%SRCROOT%"  # what services read as the root of the repository
    physical: dict[str, object] = {"artifactLocation": artifact}
    if place.line is not None:
        physical["region"] = _region(place)
    named = [{"fullyQualifiedName": visible(place.pointer)}] if place.pointer else []
    return {"physicalLocation": physical, **({"logicalLocations": named} if named else {})}


def _region(place: Finding | Place) -> dict[str, object]:
    region: dict[str, object] = {"startLine": place.line}
    if place.column is not None:
        region["startColumn"] = place.column
        if isinstance(place, Finding):
            region["endColumn"] = place.column + place.length
    if place.source is not None:
        region["snippet"] = {"text": visible(place.source)}
    return region


def _properties(finding: Finding) -> dict[str, object]:
    known: dict[str, object] = {}
    if finding.subject is not None:
        known["eventType"] = visible(finding.subject)
    if finding.audience:
        known["audience"] = [visible(each) for each in finding.audience]
    if finding.witness is not None:
        known["witness"] = {
            "document": finding.witness.document,
            "acceptedBy": visible(finding.witness.accepted_by),
            "refusedBy": visible(finding.witness.refused_by),
        }
    return known
