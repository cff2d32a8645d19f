"""Findings as a GitLab Code Quality report, which shows them in the merge request."""

import json
from collections.abc import Iterator, Sequence
from types import MappingProxyType
from typing import Final

from sguild_codegen.report.finding import Finding, Witness
from sguild_codegen.report.printers.context import PLAIN, Context
from sguild_codegen.report.printers.details import about, fingerprints, proof_of
from sguild_codegen.report.safe import as_json, visible

_SEVERITIES: Final = MappingProxyType({"error": "major", "warning": "minor", "notice": "info"})

_LONGEST_DOCUMENT: Final = 1000  # the widget shows one line a finding; other formats have room for more


def gitlab(findings: Sequence[Finding], context: Context = PLAIN) -> str:  # noqa: ARG001 - as all
    """Return a JSON array with one issue a finding; ``[]`` tells GitLab that all is well."""
    issues = [_issue(*each) for each in zip(findings, fingerprints(findings), strict=True)]
    return json.dumps(issues, indent=2) + "\n"


def _issue(finding: Finding, fingerprint: str) -> dict[str, object]:
    return {
        "description": ". ".join(_sentences(finding)),
        "check_name": finding.rule.name,
        "fingerprint": fingerprint,
        "severity": _SEVERITIES[finding.level],
        "location": {"path": visible(finding.path), "lines": {"begin": finding.line or 1}},
    }


def _sentences(finding: Finding) -> Iterator[str]:
    beside = "".join(f" ({label}: {value})" for label, value in about(finding))
    yield f"{finding.rule.id}: {visible(finding.message)}{beside}"
    if finding.witness is not None:
        yield _proof(finding.witness)
    yield visible(finding.help)


def _proof(witness: Witness) -> str:
    document = as_json(witness.document)
    shown = f": {document}" if len(document) <= _LONGEST_DOCUMENT else f" ({len(document):,} characters)"
    return f"Witness, {proof_of(witness)}{shown}"
