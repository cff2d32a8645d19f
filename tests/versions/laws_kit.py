"""Documents read as a service reads them: put into an envelope, signed, and given to its reader as a row."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any, Final

import jsonschema_rs

from families_kit import FAMILIES
from mending_kit import changed, mending, open_enums, place, unrecognised_in, with_news
from sguild_dispatcher.models import Envelope
from sguild_dispatcher.reading import Reader, Refusal
from sguild_dispatcher.registry import EventType, Registry
from sguild_dispatcher.signing import Keyring
from sguild_dispatcher.testing.documents import DocumentMaker, SeededSource
from sguild_dispatcher.testing.documents.leaves import same_json
from sguild_dispatcher.versions import Unadapted

PAIRS: Final = [
    (name, source, target)
    for name, versions in FAMILIES.items()
    for source, target in product(range(1, len(versions) + 1), repeat=2)
    if source != target
]
VERDICTS: Final = {
    "added.optional": (True, True),
    "added.required": (False, True),
    "removed.optional": (True, True),
    "removed.required": (True, False),
    "widened.enum": (True, True),
    "narrowed.enum": (True, True),
    "closed.enum": (True, False),
    "closed.inplace": (True, False),
    "widened.bound": (True, False),
    "narrowed.bound": (False, True),
    "nested.required": (False, True),
    "renamed.property": (False, False),
    "tagged.branches": (False, False),
}

_MOMENT: Final = "2026-06-01T12:00:00Z"
_EVENT_ID: Final = "evt_01890a5d-ac96-774b-bcce-b302099a8057"
_COLUMNS: Final = ("event_id", "event_type", "schema_version", "producer", "tenant_id")


@dataclass(frozen=True)
class Service:
    """What a service knows: a registry, and keys of every domain."""

    registry: Registry
    schemas: Any
    keyring: Keyring

    @classmethod
    def of(cls, registry: Registry, schemas: Any) -> "Service":
        return cls(registry, schemas, Keyring.generate(each.name for each in registry.domains))

    def read(
        self,
        event: EventType,
        emitted: int,
        document: Any,
        version: int | None = None,
        *,
        written: Callable[[str], str] = str,
    ) -> Envelope[Any] | Unadapted | Refusal:
        """Read a payload that was emitted in one version, for a handler of another one."""
        envelope = {
            "event_id": _EVENT_ID,
            "event_type": event.name,
            "occurred_at": _MOMENT,
            "tenant_id": "tenant-1",
            "producer": event.producer,
            "schema_version": emitted,
            "payload": document,
        }
        body = written(json.dumps(envelope))
        key_id, signature = self.keyring.sign(event.producer, body)
        row: dict[str, Any] = {name: envelope[name] for name in _COLUMNS}
        row |= {"body": body, "key_id": key_id, "signature": signature}
        row["ordering_key"] = _ordering_key(event, document)
        return Reader(self.registry, self.keyring).read(row, version)

    def tolerates(self, event: EventType, version: int, document: Any) -> bool:
        """Tell whether the schema of a version's tolerant reader accepts a payload."""
        return _judge(json.dumps(self.schemas.tolerant_schema(event.name, version))).is_valid(document)

    def maker(self, event: EventType, version: int) -> DocumentMaker:
        """Return what draws documents that the version's producer may write."""
        return DocumentMaker(self.schemas.payload_schema(event.name, version))

    def tolerant_maker(self, event: EventType, version: int) -> DocumentMaker:
        """Return what draws documents that the version's tolerant reader accepts, and others near them."""
        return DocumentMaker(self.schemas.tolerant_schema(event.name, version))


def drawn(maker: DocumentMaker, count: int, name: str) -> list[Any]:
    """Return valid documents; the same ones for the same name."""
    return [maker.valid(SeededSource(f"{name} {number}")) for number in range(count)]


def payload_of(event: Envelope[Any]) -> Any:
    """Return the JSON of an event's payload."""
    return json.loads(event.payload.model_dump_json())


def check_tolerance(service: Service, name: str, version: int, count: int) -> None:
    """A payload is read if and only if the tolerant reader's schema accepts it, and nothing of it is lost."""
    event = service.registry.event_type(name)
    maker = service.tolerant_maker(event, version)
    for number in range(count):
        document = maker.near(SeededSource(f"{name} {version} {number}"))
        if not isinstance(document, dict):
            continue
        if number % 2:
            document = with_news(document, number)
        read = service.read(event, version, document)
        accepted = service.tolerates(event, version, document)
        assert isinstance(read, Envelope) == accepted, (document, read)
        if isinstance(read, Envelope):
            assert same_json(payload_of(read), document), document
            told = {each.removeprefix("/payload"): value for each, value in read.unrecognised.items()}
            check_told(told, read.payload, document, service.schemas.payload_schema(name, version))
        elif isinstance(read, Refusal):
            assert read.reason == "invalid_payload"


def check_told(told: Mapping[str, Any], payload: Any, document: Any, exact: Any) -> None:
    """What is told is exactly what has to be taken away or changed for the exact schema to accept it all.

    It is told with its value. All that is :class:`Unrecognised` is told, and what is told is one where the
    type says so. Without what is ignored there may be too few properties, since both readers count them all.
    """
    judge = _judge(json.dumps(_uncounted(exact)))
    assert all(same_json(value, place(document, pointer)) for pointer, value in told.items())
    shown = set(unrecognised_in(payload))
    assert shown <= told.keys(), document
    assert told.keys() & set(open_enums(payload)) <= shown, document
    mended = mending(judge, document, told)
    assert mended is not None, (document, told)
    for each in told:
        rest = {pointer: value for pointer, value in mended.items() if pointer != each}
        assert not judge.is_valid(changed(document, rest)), (document, told, each)


def check_pair(service: Service, name: str, source: int, target: int, count: int) -> None:
    """What is proven is read, what is not needs a hook, and nothing else reaches a handler."""
    event = service.registry.event_type(name)
    direct = not event.adapter(source, target).gaps
    back = direct and not event.adapter(target, source).gaps
    refused = 0
    for document in drawn(service.maker(event, source), count, f"{name} {source}"):
        read = service.read(event, source, document, target)
        accepted = service.tolerates(event, target, document)
        assert isinstance(read, Envelope) == accepted, (document, read)
        refused += not accepted
        if isinstance(read, Envelope):
            assert read.emitted_version == source
            assert same_json(payload_of(read), document)
            assert isinstance(read.payload, service.registry.payload_model(name, target).__mro__[1])
        if back:
            assert isinstance(read, Envelope)
            again = service.read(event, target, payload_of(read), source)
            there = service.read(event, source, document)
            assert isinstance(again, Envelope)
            assert isinstance(there, Envelope)
            assert payload_of(again) == payload_of(there)
    assert not (direct and refused), f"{refused} of {count} payloads that were proven to be read are refused"


def check_closed(service: Service) -> None:
    """An enum that the registry closes is read as its producer had to write it, and as nothing else."""
    for event in map(service.registry.event_type, ("closed.enum", "closed.inplace")):
        for document in drawn(service.maker(event, 2), 5, "closed"):
            assert isinstance(service.read(event, 2, document), Envelope)
            assert isinstance(service.read(event, 2, {**document, "closed": "unheard of"}), Refusal)


def _uncounted(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_uncounted(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {name: _uncounted(each) for name, each in schema.items() if name != "minProperties"}


def _ordering_key(event: EventType, document: Any) -> str:
    """Return the column as the publisher writes it: the registered member, the subject, the event's id."""
    held: Mapping[str, Any] = document if isinstance(document, dict) else {}
    value = held.get(event.ordering_key or "")
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else _EVENT_ID


@cache
def _judge(schema: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(json.loads(schema), validate_formats=True)
