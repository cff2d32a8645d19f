"""Edits of the registry, as findings: event types, versions, people, windows, domains, id prefixes."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from sguild_codegen.changes.states import State
from sguild_codegen.changes.trees import REGISTRY
from sguild_codegen.model.contract import Domain, EventType, PayloadVersion
from sguild_codegen.model.pointers import escape_pointer
from sguild_codegen.reader.problems import Problem
from sguild_codegen.reader.registry import Entry
from sguild_codegen.report.change_rules import registry as rules
from sguild_codegen.report.finding import Finding
from sguild_codegen.report.rules import Level, Rule
from sguild_codegen.report.safe import shown

_CHANGED: Final = (
    ("contract", rules.CONTRACT_MOVED),
    ("subject", rules.SUBJECT_CHANGED),
    ("ordering_key", rules.ORDERING_KEY_CHANGED),
)


@dataclass(frozen=True, slots=True)
class RegistryEdits:
    """The edits between two states.

    ``renamed`` are old and new names of event types; ``loose`` tells of which ones everything goes.
    """

    old: State
    new: State
    renamed: Mapping[str, str]
    today: date
    loose: Callable[[EventType], bool]

    def findings(self) -> Iterator[Finding]:
        """Yield all edits of the registry."""
        yield from self._event_types()
        yield from self._domains()
        yield from self._prefixes()
        old, new = self.old.registry.envelope, self.new.registry.envelope
        if old != new:
            yield self._at(rules.ENVELOPE_MOVED, "/envelope", old=shown(old), new=shown(new))

    def _event_types(self) -> Iterator[Finding]:
        before, after = self.old.entries, self.new.entries
        was = {name: old for old, name in self.renamed.items()}
        for name, entry in after.items():
            if was.get(name, name) in before:
                yield from self._entry(before[was.get(name, name)], entry)
            else:
                event = entry.event_type
                values = {"event_type": name, "producer": event.producer, "readers": _people(event)}
                yield self._about(event, rules.EVENT_TYPE_ADDED, f"{entry.pointer}/event_type", values)
        for name, entry in before.items():
            if name in after:
                continue
            event = entry.event_type
            if name in self.renamed:
                there = after[self.renamed[name]]
                values = {"event_type": self.renamed[name], "old": name, "readers": _people(event)}
                yield self._about(event, rules.EVENT_TYPE_RENAMED, f"{there.pointer}/event_type", values)
            else:
                level: Level | None = None if event.subscribers else "notice"
                values = {"event_type": name, "readers": _people(event)}
                yield self._about(event, rules.EVENT_TYPE_REMOVED, "/event_types", values, level)

    def _entry(self, old: Entry, new: Entry) -> Iterator[Finding]:
        before, after, pointer = old.event_type, new.event_type, new.pointer
        about = {"event_type": after.name, "readers": _people(before)}
        if before.producer != after.producer:
            values = {**about, "old": before.producer, "new": after.producer}
            yield self._about(after, rules.PRODUCER_CHANGED, f"{pointer}/producer", values)
        for key, rule in _CHANGED:
            was, now = getattr(before, key), getattr(after, key)
            if was != now:
                values = {**about, "old": was or "absent", "new": now or "absent"}
                yield self._about(after, rule, f"{pointer}/{key}", values)
        yield from self._listed(old, new, "subscribers")
        yield from self._listed(old, new, "closed_enums")
        yield from self._versions(old, new)

    def _listed(self, old: Entry, new: Entry, key: str) -> Iterator[Finding]:
        """Yield what was added to a list of names, and what was taken out."""
        added, removed = (
            (rules.SUBSCRIBER_ADDED, rules.SUBSCRIBER_REMOVED)
            if key == "subscribers"
            else (rules.ENUM_CLOSED, rules.ENUM_OPENED)
        )
        before, after = getattr(old.event_type, key), getattr(new.event_type, key)
        pointer, event = f"{new.pointer}/{key}", new.event_type
        about = {"event_type": event.name, "readers": _people(event)}
        for rule, names in (
            (added, [each for each in after if each not in before]),
            (removed, [each for each in before if each not in after]),
        ):
            for each in names:
                place = f"{pointer}/{after.index(each)}" if each in after else pointer
                found = self._about(event, rule, place, {**about, "domain": each, "name": shown(each)})
                yield replace(found, audience=(each,)) if rule is rules.SUBSCRIBER_REMOVED else found

    def _versions(self, old: Entry, new: Entry) -> Iterator[Finding]:
        before = {each.version: each for each in old.event_type.versions}
        after = dict(
            zip((each.version for each in new.event_type.versions), new.version_pointers, strict=True)
        )
        event = new.event_type
        for version in event.versions:
            if version.version in before:
                yield from self._version(event, before[version.version], version, after[version.version])
            else:
                values = {"event_type": event.name, "version": str(version.version)}
                yield self._about(event, rules.VERSION_ADDED, after[version.version], values)
        for number, version in before.items():
            if number not in after:
                values = {
                    "event_type": event.name, "version": str(number), "readers": _people(old.event_type)
                }  # fmt: skip
                level: Level | None = None if version.is_live else "notice"
                yield self._about(event, rules.VERSION_REMOVED, f"{new.pointer}/versions", values, level)

    def _version(
        self, event: EventType, old: PayloadVersion, new: PayloadVersion, pointer: str
    ) -> Iterator[Finding]:
        about = {"event_type": event.name, "version": str(new.version), "producer": event.producer}
        if old.status != new.status:
            values = {**about, "old": old.status, "new": new.status}
            level: Level = "error" if self._is_too_early(old, new) else "notice"
            yield self._about(event, rules.STATUS_CHANGED, f"{pointer}/status", values, level)
        if _window(old) != _window(new):
            values = {**about, "old": _window(old), "new": _window(new)}
            yield self._about(event, rules.WINDOW_CHANGED, pointer, values)

    def _is_too_early(self, old: PayloadVersion, new: PayloadVersion) -> bool:
        """Tell whether a version is withdrawn that may still be emitted, or comes back from nowhere."""
        if new.is_live:
            return False
        return old.emit_until is None or self.today < old.emit_until

    def _domains(self) -> Iterator[Finding]:
        before, after = ({each.name: each for each in one.registry.domains} for one in (self.old, self.new))
        for index, name in enumerate(after):
            pointer = f"/domains/{index}"
            if name not in before:
                yield self._at(rules.DOMAIN_ADDED, pointer, domain=name)
            elif before[name] != after[name]:
                values = {"domain": name, "old": _domain(before[name]), "new": _domain(after[name])}
                yield self._at(rules.DOMAIN_CHANGED, pointer, **values)
        yield from (
            self._at(rules.DOMAIN_REMOVED, "/domains", domain=name) for name in before if name not in after
        )

    def _prefixes(self) -> Iterator[Finding]:
        before, after = self.old.registry.id_prefixes, self.new.registry.id_prefixes
        for prefix, entity in after.items():
            pointer = f"/id_prefixes/{escape_pointer(prefix)}"
            if prefix not in before:
                yield self._at(rules.PREFIX_ADDED, pointer, prefix=prefix, entity=entity)
            elif before[prefix] != entity:
                values = {"prefix": prefix, "old": before[prefix], "new": entity}
                yield self._at(rules.PREFIX_CHANGED, pointer, **values)
        for prefix, entity in before.items():
            if prefix not in after:
                yield self._at(rules.PREFIX_REMOVED, "/id_prefixes", prefix=prefix, entity=entity)

    def _at(self, rule: Rule, pointer: str, **values: str) -> Finding:
        problem = Problem(rule, REGISTRY, pointer, at_key=True, values=values)
        return self.new.tree.locator(REGISTRY).finding(problem)

    def _about(
        self,
        event: EventType,
        rule: Rule,
        pointer: str,
        values: Mapping[str, str],
        level: Level | None = None,
    ) -> Finding:
        """Return a finding about an event type, with its readers if it is more than a notice."""
        chosen: Level = "notice" if self.loose(event) else level or rule.level
        audience = () if chosen == "notice" else tuple(sorted(event.subscribers))
        return replace(
            self._at(rule, pointer, **values), own_level=chosen, subject=event.name, audience=audience
        )


def _people(event: EventType) -> str:
    return ", ".join(sorted(event.subscribers)) or "nobody"


def _window(version: PayloadVersion) -> str:
    start, end = version.emit_from, version.emit_until
    if start is None and end is None:
        return "always"
    return " ".join(f"{word} {day}" for word, day in (("from", start), ("until", end)) if day is not None)


def _domain(domain: Domain) -> str:
    days = (("deprecated from", domain.deprecated_from), ("emitting until", domain.emit_until))
    return ", ".join((domain.status, *(f"{word} {day}" for word, day in days if day is not None)))
