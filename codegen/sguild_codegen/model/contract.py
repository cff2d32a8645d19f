"""The contract tree: what the registry and the schema files say together, after every check of the reader."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

from sguild_codegen.model.schema import Schema

VersionStatus: TypeAlias = Literal["current", "superseded", "withdrawn"]
DomainStatus: TypeAlias = Literal["active", "deprecated"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """A domain of the company; a deprecated one does not emit from ``emit_until`` on (00:00 UTC)."""

    name: str
    status: DomainStatus = "active"
    deprecated_from: date | None = None
    emit_until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PayloadVersion:
    """One version of a payload, emitted while ``emit_from <= now < emit_until``.

    Both are days that begin at 00:00 UTC, ``None`` is unbounded. ``path`` is the place of its schema file,
    relative to the contracts folder. ``schema`` is ``None`` only for a withdrawn version.
    """

    version: int
    status: VersionStatus
    path: str
    emit_from: date | None = None
    emit_until: date | None = None
    schema: Schema | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventType:
    """One event type: its only producer, its readers, and the versions of its payload in ascending order.

    ``subject`` and ``ordering_key`` name a property of every payload version that is not withdrawn.
    ``closed_enums`` names the payload properties whose enum a tolerant reader must not open.
    """

    name: str
    contract: str
    producer: str
    subscribers: tuple[str, ...]
    versions: tuple[PayloadVersion, ...]
    description: str | None = None
    subject: str | None = None
    ordering_key: str | None = None
    closed_enums: tuple[str, ...] = ()

    @property
    def current(self) -> PayloadVersion:
        """The one version with the status ``current``."""
        return next(each for each in self.versions if each.status == "current")


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractTree:
    """Everything under the contracts folder.

    ``id_prefixes`` maps a prefix to the entity behind it (``crr`` → ``credit_reservation``).
    ``envelope_path`` and the keys of ``documents`` are relative to the contracts folder, with ``/``;
    ``documents`` holds the bytes of every schema file and of the registry, sorted by path.
    """

    registry_version: str
    envelope: Schema
    envelope_path: str
    domains: tuple[Domain, ...]
    id_prefixes: Mapping[str, str]
    event_types: tuple[EventType, ...]
    documents: Mapping[str, bytes]

    def event_type(self, name: str) -> EventType:
        """Return an event type by its name.

        Raises:
            KeyError: the registry has no such event type.
        """
        for each in self.event_types:
            if each.name == name:
                return each
        raise KeyError(name)
