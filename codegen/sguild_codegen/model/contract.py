"""The contract tree: what the registry and the schema files say together, after every check of the reader."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

from sguild_codegen.model.known import KnownEvent
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
    relative to the contracts folder. ``description`` is that of the schema. ``schema`` is ``None`` for a
    withdrawn version, and where the event type is ``known``.
    """

    version: int
    status: VersionStatus
    path: str
    emit_from: date | None = None
    emit_until: date | None = None
    description: str | None = None
    schema: Schema | None = None

    @property
    def is_live(self) -> bool:
        """Whether the version has a schema; a withdrawn one has none any more."""
        return self.status != "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventType:
    """One event type: its only producer, its readers, and the versions of its payload in ascending order.

    ``subject`` and ``ordering_key`` name a property of every payload version that is not withdrawn.
    ``closed_enums`` names the payload properties whose enum a tolerant reader must not open.
    ``documents`` are its schema files with those that they refer to. ``key`` stands for all that its files
    are made of; it is empty where the contracts have to be read again. ``known`` is what an earlier run found
    out about the same contracts: then they are not read.
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
    documents: tuple[str, ...] = ()
    key: str = ""
    known: KnownEvent | None = None

    @property
    def current(self) -> PayloadVersion:
        """The one version with the status ``current``."""
        return next(each for each in self.versions if each.status == "current")


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractTree:
    """Everything under the contracts folder.

    ``id_prefixes`` maps a prefix to the entity behind it (``crr`` → ``credit_reservation``).
    ``envelope_key`` stands for all that the envelope's module is made of. ``documents`` holds the bytes of
    every schema file and of the registry, sorted by path (relative to the contracts folder, with ``/``).
    """

    registry_version: str
    envelope: Schema
    envelope_key: str
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
