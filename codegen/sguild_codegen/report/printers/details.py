"""What is told of a finding beside its message, in the same words in every format."""

from collections.abc import Iterator, Sequence
from typing import Final

from sguild_codegen.report.finding import Finding, Place, Witness
from sguild_codegen.report.safe import visible

NAME: Final = "sguild-codegen"


def place_of(place: Finding | Place) -> str:
    """Return ``path:line:column``, as far as it is known."""
    numbers = [str(each) for each in (place.line, place.column) if each is not None]
    return ":".join((visible(place.path), *numbers))


def people_of(finding: Finding) -> str:
    """Return the domains that are hit, as in ``sales, coaching``."""
    return ", ".join(visible(each) for each in finding.audience)


def proof_of(witness: Witness) -> str:
    """Return what the witness proves, without the document."""
    return f"accepted by {visible(witness.accepted_by)}, refused by {visible(witness.refused_by)}"


def about(finding: Finding) -> Iterator[tuple[str, str]]:
    """Yield the labels and texts about a finding that each fit on one line."""
    if finding.subject is not None:
        yield "event type", visible(finding.subject)
    if finding.audience:
        yield "affects", people_of(finding)
    if finding.pointer and finding.source is not None:
        yield "pointer", visible(finding.pointer)


def related(finding: Finding) -> Iterator[tuple[str, str]]:
    """Yield a label and text for each of the related places."""
    for place in finding.related:
        pointer = f", {visible(place.pointer)}" if place.pointer else ""
        yield "see", f"{place_of(place)}: {visible(place.message)}{pointer}"


def fingerprints(findings: Sequence[Finding]) -> list[str]:
    """Return a fingerprint for each finding; equal ones are numbered, as a report must not repeat one."""
    seen: dict[str, int] = {}
    unique: list[str] = []
    for each in findings:
        own = each.fingerprint
        seen[own] = seen.get(own, 0) + 1
        unique.append(own if seen[own] == 1 else f"{own}-{seen[own]}")
    return unique
