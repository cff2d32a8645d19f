"""Waivers: one finding of one pair of schemas may pass until a day, for a reason."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sguild_codegen.changes.judged import Judged
from sguild_codegen.report.change_rules import verdicts
from sguild_codegen.report.finding import Finding, Place, finding_at
from sguild_codegen.report.rules import Rule
from sguild_codegen.report.safe import in_full, shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """One entry of the configuration: ``rule`` by id or name, the SHA-256 of both schemas.

    It counts before the day ``expires``; ``place`` is where it stands.
    """

    rule: str
    pointer: str
    old: str
    new: str
    reason: str
    expires: date
    place: Place

    def is_for(self, judged: Judged) -> bool:
        """Tell whether it is for a finding."""
        finding = judged.finding
        return (
            self.rule.casefold() in {finding.rule.id.casefold(), finding.rule.name}
            and self.pointer == (finding.pointer or "")
            and (self.old, self.new) == judged.digests
        )


def waived(
    found: Sequence[Judged], waivers: Iterable[Waiver], today: date, *, whole: bool
) -> Iterator[Finding]:
    """Yield the findings, those that are waived as notices, and what is wrong with waivers themselves.

    ``whole`` tells that everything was compared, so that a waiver for nothing shows.
    """
    listed = list(waivers)
    for judged in found:
        waiver = next((each for each in listed if each.expires > today and each.is_for(judged)), None)
        yield judged.finding if waiver is None else _passed(judged.finding, waiver)
    for each in listed:
        used = any(judged.finding.level == "error" and each.is_for(judged) for judged in found)
        if used and each.expires <= today:
            yield _about(verdicts.EXPIRED_WAIVER, each)
        elif whole and not used:
            yield _about(verdicts.STALE_WAIVER, each)


def as_waivers(found: Iterable[Judged], expires: date) -> str:
    """Return the errors among findings as entries for the configuration, without their reasons."""
    return "\n".join(
        "[[tool.sguild-codegen.diff.waivers]]\n"
        f"rule = {in_full(each.finding.rule.name)}\n"
        f"pointer = {in_full(each.finding.pointer or '')}\n"
        f'old = "{each.digests[0]}"\n'
        f'new = "{each.digests[1]}"\n'
        'reason = ""\n'
        f"expires = {expires}\n"
        for each in found
        if each.finding.level == "error"
    )


def _passed(finding: Finding, waiver: Waiver) -> Finding:
    if finding.level != "error":
        return finding
    told = f"{finding.message} (waived until {waiver.expires}: {waiver.reason})"
    return replace(finding, own_level="notice", message=told)


def _about(rule: Rule, waiver: Waiver) -> Finding:
    values = {"name": waiver.rule, "pointer": shown(waiver.pointer), "day": str(waiver.expires)}
    told, way_out = rule.message.format_map(values), rule.help.format_map(values)
    return finding_at(waiver.place, rule, told, way_out, waiver.pointer)
