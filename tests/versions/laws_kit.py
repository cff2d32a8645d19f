"""Documents read as a service reads them: put into an envelope, signed, and given to its reader as a row."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import jsonschema_rs

from sguild_dispatcher.models import Envelope
from sguild_dispatcher.reading import Reader, Refusal
from sguild_dispatcher.registry import EventType, Registry
from sguild_dispatcher.signing import Keyring
from sguild_dispatcher.testing.documents import DocumentMaker, SeededSource
from sguild_dispatcher.versions import Unadapted

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
        self, event: EventType, emitted: int, document: Any, version: int | None = None
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
        body = json.dumps(envelope)
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


def _ordering_key(event: EventType, document: Any) -> str:
    """Return the column as the publisher writes it: the registered member, the subject, the event's id."""
    held: Mapping[str, Any] = document if isinstance(document, dict) else {}
    value = held.get(event.ordering_key or "")
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else _EVENT_ID


@cache
def _judge(schema: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(json.loads(schema), validate_formats=True)
