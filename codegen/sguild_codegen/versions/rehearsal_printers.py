"""A rehearsal as text and Markdown for people, and as JSON for programs."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from sguild_codegen.emit.domains import listed
from sguild_codegen.emit.names import snake
from sguild_codegen.model.contract import EventType, PayloadVersion
from sguild_codegen.report.printers.harmless import code, fenced, sentence
from sguild_codegen.report.safe import as_json, visible
from sguild_codegen.versions.rehearsal import WITNESS, Refusal, Rehearsal, Sight

VERSION: Final = 1
"""Of the JSON: raised when a key goes away or changes its meaning."""

_HEAD: Final = ("", "reader", "meets", "sees", "not recognised", "checked")
_WIDTH: Final = 120
_MOST_PLACES: Final = 10
_INDENT: Final = "    "


@dataclass(frozen=True, slots=True)
class Told:
    """A rehearsal with what was given to its readers: ``samples``, or ``events`` of a log."""

    rehearsal: Rehearsal
    noun: Literal["sample", "event"]

    def head(self) -> Iterator[str]:
        """Yield what changes, when, and for whom."""
        event, old, new = self.rehearsal.event, self.rehearsal.old, self.rehearsal.new
        day = cutover(old, new)
        when = f"on {day.isoformat()} at 00:00 UTC" if day else "on a day that the registry does not name"
        change = f"from version {old.version} to version {new.version}"
        yield f"{event.name}: {event.producer} goes {change} {when}."
        yield f"{self._verdict()} What each has deployed is not known here: one or more of these readers."

    def _verdict(self) -> str:
        who = listed(self.rehearsal.event.subscribers)
        refusing = [str(number) for number, each in enumerate(self.rehearsal.sights, 1) if each.refuses]
        if not self.rehearsal.event.subscribers:
            return "Nobody subscribes to it."
        if refusing:
            return f"Subscribers: {who}. Those that are reader {listed(refusing)} break."
        return f"Subscribers: {who}. None of them refuses an event."

    def rows(self) -> Iterator[tuple[str, ...]]:
        """Yield a row for each reader and what it meets."""
        for number, each in enumerate(self.rehearsal.sights, 1):
            surprises = ", ".join(each.surprises) or "-"
            yield (
                str(number),
                self.reader(each),
                f"version {each.scene.emitted}",
                each.outcome,
                surprises,
                self.checked(each),
            )

    def reader(self, sight: Sight) -> str:
        """Return who reads, in words."""
        version = sight.scene.version
        if sight.scene.situation == "earlier package":
            handler = "" if sight.scene.through is None else "handler of "
            return f"package from before version {sight.scene.emitted}, {handler or 'as '}version {version}"
        return f"handler of version {version} ({handler_method(self.rehearsal.event, version)})"

    def checked(self, sight: Sight) -> str:
        """Return how many payloads it was given."""
        return f"{sight.checked} {self.noun}{'' if sight.checked == 1 else 's'}"

    def troubles(self) -> Iterator[tuple[str, list[str], str]]:
        """Yield a headline, the places and the way out of each sight that needs somebody to act."""
        for number, each in enumerate(self.rehearsal.sights, 1):
            if each.refuses or each.outcome == "hook needed":
                yield f"{each.outcome} ({number}): {self.why(each)}", self.places(each), self.help(each)

    def why(self, sight: Sight) -> str:
        """Return what becomes of such an event."""
        emitted, version = sight.scene.emitted, sight.scene.version
        if sight.outcome == "hook needed":
            return f"as version {version} of version {emitted}, {sight.gaps}."
        if sight.outcome == "not proven":
            return f"that version {emitted} is read as version {version}: {sight.gaps}."
        if sight.scene.situation == "earlier package":
            return "such an event goes to the dead letters with the reason unknown_version."
        return "such an event goes to the dead letters, and no handler sees it."

    def places(self, sight: Sight) -> list[str]:
        """Return where payloads are refused, by which rule, and how often."""
        found = [self._place(each, sight.checked) for each in sight.refusals[:_MOST_PLACES]]
        left = len(sight.refusals) - len(found)
        return [*found, f"and {left} more places"] if left else found

    def _place(self, refusal: Refusal, checked: int) -> str:
        where = refusal.pointer or "the payload"
        by = f" ({refusal.schema_pointer} of version {refusal.version})" if refusal.schema_pointer else ""
        if refusal.examples == (WITNESS,):
            return f"{where}: {refusal.rule}{by}, proven by the document below"
        return f"{where}: {refusal.rule}{by}, {refusal.count} of {checked}: {', '.join(refusal.examples)}"

    def help(self, sight: Sight) -> str:
        """Return the way out."""
        event, emitted = self.rehearsal.event, sight.scene.emitted
        if sight.outcome == "hook needed":
            return (
                f"register a function with @subscriber.{hook_method(event, sight)}; without one, a service "
                "with this handler does not start."
            )
        if sight.scene.situation == "earlier package":
            day = cutover(self.rehearsal.old, self.rehearsal.new)
            before = f"before {day.isoformat()}" if day else "before the cutover"
            refusing = next((each.version for each in sight.refusals), sight.scene.version)
            edits = f"sguild-codegen diff {event.name} {refusing} {emitted}"
            return (
                f"deploy a package that knows version {emitted} {before}, or replay the dead letters "
                f'afterwards; "{edits}" says by which edits it breaks.'
            )
        return "find out who wrote these events: they are not what their own version's contract allows."

    def samples(self) -> Iterator[tuple[str, Any]]:
        """Yield each payload that is shown, once, under the numbers of those who see it."""
        groups: dict[tuple[int, str], list[int]] = {}
        payloads: dict[tuple[int, str], Any] = {}
        for number, each in enumerate(self.rehearsal.sights, 1):
            if each.sample is not None and each.sample.fault is None:
                key = (each.scene.emitted, each.sample.name)
                groups.setdefault(key, []).append(number)
                payloads[key] = each.sample.payload
        for (version, name), numbers in groups.items():
            yield f"{name} of version {version}, met by {listed(map(str, numbers))}:", payloads[version, name]


def cutover(old: PayloadVersion, new: PayloadVersion) -> date | None:
    """Return the first day of the new version, ``None`` if the registry names none, as for a way back."""
    return (new.emit_from or old.emit_until) if old.version < new.version else None


def handler_method(event: EventType, version: int) -> str:
    """Return the method of a subscriber that takes the handler of a version."""
    suffix = "" if version == event.current.version else f"_v{version}"
    return f"on_{snake(event.name)}{suffix}"


def hook_method(event: EventType, sight: Sight) -> str:
    """Return the method of a subscriber that takes the hook."""
    return f"adapt_{snake(event.name)}_v{sight.scene.emitted}_to_v{sight.scene.version}"


def text(told: Told) -> str:
    """Return a table of readers, what somebody has to do, and the samples."""
    lines = [*told.head(), "", *_table([_HEAD, *told.rows()])]
    for headline, places, way_out in told.troubles():
        lines += ["", headline, *(f"{_INDENT}{each}" for each in places), f"help: {way_out}"]
    for title, payload in told.samples():
        document = as_json(payload)
        shown = [document] if len(document) <= _WIDTH else as_json(payload, indent=2).split("\n")
        lines += ["", title, *(f"{_INDENT}{each}" for each in shown)]
    return "".join(f"{visible(line)}\n" for line in lines)


def _table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    cells = [tuple(map(visible, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        yield "  ".join(each.ljust(width) for each, width in zip(row, widths, strict=True)).rstrip()


def markdown(told: Told) -> str:
    """Return the same for a pull request or an issue."""
    blocks = [sentence(each) for each in told.head()]
    rows = [f"| {' | '.join(map(_cell, row))} |" for row in told.rows()]
    blocks.append("\n".join((f"| {' | '.join(('#', *_HEAD[1:]))} |", "|---" * len(_HEAD) + "|", *rows)))
    for headline, places, way_out in told.troubles():
        blocks.append(
            "\n".join((sentence(headline), "", *(f"* {sentence(each)}" for each in places))).rstrip()
        )
        blocks.append(sentence(way_out))
    blocks += (f"{sentence(title)}\n\n{fenced(payload)}" for title, payload in told.samples())
    return "\n\n".join(blocks) + "\n"


def _cell(value: str) -> str:
    return ", ".join(map(code, value.split(", "))) if value.startswith("/") else sentence(value)


def json_document(told: Told) -> str:
    """Return everything as JSON; ``readers`` holds for each of ``subscribers``."""
    rehearsal = told.rehearsal
    event, old, new = rehearsal.event, rehearsal.old, rehearsal.new
    day = cutover(old, new)
    found = {
        "version": VERSION,
        "event_type": event.name,
        "producer": event.producer,
        "from": old.version,
        "to": new.version,
        "cutover": day.isoformat() if day else None,
        "subscribers": [*event.subscribers],
        "refuses": rehearsal.fails,
        "evidence": "samples" if told.noun == "sample" else "log",
        "readers": [_sight(told, each) for each in rehearsal.sights],
    }
    return json.dumps(found, indent=2) + "\n"


def _sight(told: Told, sight: Sight) -> dict[str, object]:
    scene, event = sight.scene, told.rehearsal.event
    is_handler = scene.situation == "handler"
    return {
        "reader": scene.situation,
        "reads_as": scene.version,
        "handler": handler_method(event, scene.version) if is_handler else None,
        "meets": scene.emitted,
        "sees": sight.outcome,
        "hook": hook_method(event, sight) if sight.outcome == "hook needed" else None,
        "gaps": sight.gaps or None,
        "checked": sight.checked,
        "unrecognised": [{"pointer": each, "count": count} for each, count in sight.surprises.items()],
        "refusals": [_refusal(each) for each in sight.refusals],
        "sample": None
        if sight.sample is None
        else {"name": sight.sample.name, "payload": sight.sample.payload},
    }


def _refusal(refusal: Refusal) -> dict[str, object]:
    return {
        "pointer": refusal.pointer,
        "rule": refusal.rule,
        "schema_pointer": refusal.schema_pointer,
        "version": refusal.version,
        "count": refusal.count,
        "examples": [*refusal.examples],
    }
