"""The registry: subjects, ordering keys, producers and readers, and what the envelope says to them."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from sguild_codegen.lint.contracts import Breach, Contracts
from sguild_codegen.lint.proofs import Proofs
from sguild_codegen.model.contract import EventType
from sguild_codegen.model.pointers import escape_pointer
from sguild_codegen.reader.problems import Suggestion
from sguild_codegen.report import lint_rules as rules
from sguild_codegen.report.safe import shown

_FEW: Final = 2  # of two event types with two keys neither is the exception


def check(contracts: Contracts, proofs: Proofs) -> Iterator[Breach]:
    """Check each entry by itself, and with the others of its contract."""
    tree = contracts.tree
    if not tree.id_prefixes:
        yield contracts.breach(rules.NO_ID_PREFIXES, "/id_prefixes")
    yield from _unlisted_producers(contracts)
    for event in tree.event_types:
        yield from _keys(contracts, event)
        yield from _subject(contracts, proofs, event)
        yield from _domains(contracts, proofs, event)
    for what in ("subject", "ordering_key"):
        yield from _differing(contracts, what)


def _keys(contracts: Contracts, event: EventType) -> Iterator[Breach]:
    entry = contracts.entries[event.name]
    if event.subject is None:
        yield contracts.breach(rules.NO_SUBJECT, f"{entry}/event_type", event, event_type=event.name)
    if event.ordering_key is None and event.subject is None:
        yield contracts.breach(rules.NO_ORDERING_KEY, f"{entry}/event_type", event, event_type=event.name)
    for what, name in (("subject", event.subject), ("ordering_key", event.ordering_key)):
        for version in event.versions:
            if name is not None and version.schema is not None and name not in version.schema.required:
                yield contracts.breach(
                    rules.OPTIONAL_KEY,
                    f"{entry}/{what}",
                    event,
                    what=what,
                    value=shown(name),
                    version=version.version,
                    event_type=event.name,
                )


def _subject(contracts: Contracts, proofs: Proofs, event: EventType) -> Iterator[Breach]:
    """Find a subject that the payload allows and the envelope refuses."""
    taken = contracts.tree.envelope.properties.get("subject")
    if event.subject is None or taken is None:
        return
    for version in event.versions:
        given = None if version.schema is None else version.schema.properties.get(event.subject)
        found = None if given is None else proofs.difference(given, taken)
        if found is not None:
            yield contracts.breach(
                rules.SUBJECT_REFUSED,
                f"{contracts.entries[event.name]}/subject",
                event,
                event_type=event.name,
                version=version.version,
                value=shown(found.value),
            )
            return


def _unlisted_producers(contracts: Contracts) -> Iterator[Breach]:
    envelope = contracts.tree.envelope
    producer = envelope.properties["producer"]
    for index, value in enumerate(producer.enum or ()):
        if value not in contracts.domains:
            near = Suggestion(value, contracts.domains)
            file = next(each for each in contracts.files if each.kind == "envelope")
            yield file.breach(
                rules.UNLISTED_PRODUCER, producer, f"/enum/{index}", value=shown(value), suggestion=near
            )


def _domains(contracts: Contracts, proofs: Proofs, event: EventType) -> Iterator[Breach]:
    entry = contracts.entries[event.name]
    values: dict[str, Any] = {"value": shown(event.producer), "event_type": event.name}
    domain = next(each for each in contracts.tree.domains if each.name == event.producer)
    if domain.status == "deprecated":
        yield contracts.breach(rules.DEPRECATED_PRODUCER, f"{entry}/producer", event, **values)
    proofs.begin()
    if proofs.refuses(contracts.tree.envelope.properties["producer"], event.producer):
        yield contracts.breach(rules.PRODUCER_REFUSED, f"{entry}/producer", event, **values)
    if not event.subscribers:
        yield contracts.breach(rules.NO_SUBSCRIBERS, f"{entry}/subscribers", event, event_type=event.name)


def _differing(contracts: Contracts, what: str) -> Iterator[Breach]:
    """Find event types whose key is not that of most in their contract."""
    by_contract: dict[str, list[EventType]] = {}
    for event in contracts.tree.event_types:
        by_contract.setdefault(event.contract, []).append(event)
    for contract, events in by_contract.items():
        keys = Counter(key for each in events if (key := _key(each, what)) is not None)
        if len(keys) < _FEW:
            continue
        (usual, most), (_, second) = keys.most_common(2)
        for event in events:
            if _key(event, what) not in (None, usual) and most > second:
                yield contracts.breach(
                    rules.KEY_DIFFERS,
                    f"{contracts.entries[event.name]}/{escape_pointer(what)}",
                    event,
                    what=what,
                    event_type=event.name,
                    value=shown(_key(event, what)),
                    contract=contract,
                    other=shown(usual),
                )


def _key(event: EventType, what: str) -> str | None:
    return event.subject if what == "subject" else event.ordering_key
