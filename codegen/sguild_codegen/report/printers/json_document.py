"""Findings as a JSON document, described by ``schemas/findings.schema.json``."""

import json
from collections.abc import Sequence
from typing import Final

from sguild_codegen.report.finding import Finding, Place, Witness
from sguild_codegen.report.printers.context import PLAIN, Context
from sguild_codegen.report.safe import visible, visible_lines

# Raised when a key goes away or changes its meaning; keys that are added leave it as it is.
VERSION: Final = 1


def json_document(findings: Sequence[Finding], context: Context = PLAIN) -> str:
    """Return ``{"version": 1, "checked": …, "findings": [...]}``; keys that do not apply are null."""
    listed = [_finding(each) for each in findings]
    document = {"version": VERSION, "checked": visible(context.checked) or None, "findings": listed}
    return json.dumps(document, indent=2) + "\n"


def _finding(finding: Finding) -> dict[str, object]:
    return {
        "rule": finding.rule.id,
        "name": finding.rule.name,
        "level": finding.level,
        "fingerprint": finding.fingerprint,
        **_place(finding),
        "length": None if finding.line is None else finding.length,
        "message": visible(finding.message),
        "help": visible(finding.help),
        "event_type": _optional(finding.subject),
        "audience": [visible(each) for each in finding.audience],
        "witness": None if finding.witness is None else _witness(finding.witness),
        "proposal": None if finding.proposal is None else visible_lines(finding.proposal),
        "related": [{**_place(each), "message": visible(each.message)} for each in finding.related],
    }


def _place(place: Finding | Place) -> dict[str, object]:
    return {
        "path": visible(place.path),
        "line": place.line,
        "column": place.column,
        "pointer": _optional(place.pointer),
        "source": _optional(place.source),
    }


def _witness(witness: Witness) -> dict[str, object]:
    return {
        "document": witness.document,
        "accepted_by": visible(witness.accepted_by),
        "refused_by": visible(witness.refused_by),
    }


def _optional(text: str | None) -> str | None:
    return None if text is None else visible(text)
