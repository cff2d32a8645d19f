"""Version numbers, and the days on which versions and domains are emitted."""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, Final

from sguild_codegen.lint.contracts import Breach, Contracts
from sguild_codegen.model.contract import EventType, PayloadVersion
from sguild_codegen.report import lint_rules as rules

_SOON: Final = timedelta(days=30)
_ONE_MISSING: Final = 2  # the difference of two numbers around one that is not there


def check(contracts: Contracts) -> Iterator[Breach]:
    """Check that there is exactly one version to emit on each day from the first one on."""
    for event in contracts.tree.event_types:
        yield from _numbers(contracts, event)
        live = [each for each in event.versions if each.is_live]
        for older, newer in pairwise(live):
            yield from _between(contracts, event, older, newer)
        yield from _end(contracts, event, live)
    yield from _ending_domains(contracts)


def _numbers(contracts: Contracts, event: EventType) -> Iterator[Breach]:
    for before, after in pairwise((0, *(each.version for each in event.versions))):
        if after - before > 1:
            place = f"{contracts.versions[event.name, after]}/version"
            missing = str(before + 1) if after - before == _ONE_MISSING else f"{before + 1} to {after - 1}"
            values: dict[str, Any] = {"event_type": event.name, "value": missing, "first": before + 1}
            yield contracts.breach(rules.VERSION_GAP, place, event, at_key=False, **values)


def _between(
    contracts: Contracts, event: EventType, older: PayloadVersion, newer: PayloadVersion
) -> Iterator[Breach]:
    end, start = older.emit_until, newer.emit_from
    values: dict[str, Any] = {"event_type": event.name, "value": older.version, "other": newer.version}
    pointer = contracts.versions[event.name, newer.version]
    if end is not None and start is not None and end < start:
        values |= {"start": end, "end": start}
        yield contracts.breach(rules.WINDOW_GAP, f"{pointer}/emit_from", event, **values)
    elif _overlap(older, newer):
        first = max((each for each in (older.emit_from, start) if each is not None), default=None)
        last = min((each for each in (end, newer.emit_until) if each is not None), default=None)
        values["when"] = _period(first, last)
        yield contracts.breach(rules.OVERLAPPING_WINDOWS, pointer, event, **values)
    elif end is not None and contracts.today < end <= contracts.today + _SOON:
        place = f"{contracts.versions[event.name, older.version]}/emit_until"
        yield contracts.breach(rules.HANDOVER_SOON, place, event, **values, end=end)


def _overlap(older: PayloadVersion, newer: PayloadVersion) -> bool:
    begins = newer.emit_from is None or older.emit_until is None or newer.emit_from < older.emit_until
    ends = older.emit_from is None or newer.emit_until is None or older.emit_from < newer.emit_until
    return begins and ends


def _period(first: date | None, last: date | None) -> str:
    words = [f"from {first}"] if first is not None else []
    words += [f"until {last}"] if last is not None else []
    return " ".join(words) or "all the time"


def _end(contracts: Contracts, event: EventType, live: list[PayloadVersion]) -> Iterator[Breach]:
    """Check the version that is emitted last."""
    last = max(live, key=lambda each: each.emit_until or date.max, default=None)
    if last is not None and last.emit_until is not None and last.emit_until <= contracts.today + _SOON:
        yield contracts.breach(
            rules.EMISSION_ENDS,
            f"{contracts.versions[event.name, last.version]}/emit_until",
            event,
            what=f"the emission of {event.name}",
            ends=_ends(contracts, last.emit_until),
            end=last.emit_until,
        )


def _ending_domains(contracts: Contracts) -> Iterator[Breach]:
    """Check domains that end soon, or have ended, and still have events to publish."""
    producers = {each.producer for each in contracts.tree.event_types}
    for domain in contracts.tree.domains:
        end = domain.emit_until
        if end is not None and domain.name in producers and end <= contracts.today + _SOON:
            yield contracts.breach(
                rules.EMISSION_ENDS,
                f"{contracts.domains[domain.name]}/emit_until",
                what=f"what {domain.name} publishes",
                ends=_ends(contracts, end),
                end=end,
            )


def _ends(contracts: Contracts, end: date) -> str:
    return "ended on" if end <= contracts.today else "ends on"
