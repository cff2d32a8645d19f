"""Findings as GitHub workflow commands, which become annotations on the pull request."""

from collections.abc import Iterator, Sequence
from typing import Final

from sguild_codegen.report.finding import Finding
from sguild_codegen.report.printers.context import PLAIN, Context
from sguild_codegen.report.printers.details import about, proof_of, related
from sguild_codegen.report.safe import as_json, visible

_LONGEST_DOCUMENT: Final = 1000  # an annotation is read beside the code; other formats have room for more


def github(findings: Sequence[Finding], context: Context = PLAIN) -> str:  # noqa: ARG001 - as all
    """Return one workflow command a finding, which GitHub shows at the line of the pull request."""
    return "".join(_command(each) for each in findings)


def _command(finding: Finding) -> str:
    places = {"file": finding.path, "line": finding.line, "col": finding.column}
    values = {**places, "title": f"{finding.rule.id} {finding.rule.name}"}
    properties = ",".join(
        f"{key}={_property(str(value))}" for key, value in values.items() if value is not None
    )
    return f"::{finding.level} {properties}::{'%0A'.join(map(_data, _lines(finding)))}\n"


def _lines(finding: Finding) -> Iterator[str]:
    yield finding.message
    yield from (f"{label}: {value}" for label, value in about(finding))
    if finding.witness is not None:
        yield f"witness: {proof_of(finding.witness)}"
        document = as_json(finding.witness.document)
        if len(document) <= _LONGEST_DOCUMENT:
            yield document
    yield from (f"{label}: {value}" for label, value in related(finding))
    if finding.proposal is not None:
        yield from ("proposal:", *finding.proposal.split("\n"))
    yield f"help: {finding.help}"


def _data(value: str) -> str:
    return visible(value).replace("%", "%25")


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")
