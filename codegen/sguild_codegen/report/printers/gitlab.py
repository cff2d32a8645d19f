"""Findings as a GitLab Code Quality report, which shows them in the merge request."""

import json
from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

from sguild_codegen.report.finding import Finding
from sguild_codegen.report.printers.details import about, fingerprints
from sguild_codegen.report.safe import visible

_SEVERITIES: Final = MappingProxyType({"error": "major", "warning": "minor", "notice": "info"})


def gitlab(findings: Sequence[Finding], *, color: bool = False, checked: str = "") -> str:  # noqa: ARG001 - as all
    """Return a JSON array with one issue a finding; ``[]`` tells GitLab that all is well."""
    issues = [_issue(*each) for each in zip(findings, fingerprints(findings), strict=True)]
    return json.dumps(issues, indent=2) + "\n"


def _issue(finding: Finding, fingerprint: str) -> dict[str, object]:
    beside = "".join(f" ({label}: {value})" for label, value in about(finding))
    return {
        "description": f"{finding.rule.id}: {visible(finding.message)}{beside}. {visible(finding.help)}",
        "check_name": finding.rule.name,
        "fingerprint": fingerprint,
        "severity": _SEVERITIES[finding.level],
        "location": {"path": visible(finding.path), "lines": {"begin": finding.line or 1}},
    }
