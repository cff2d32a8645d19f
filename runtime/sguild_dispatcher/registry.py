"""The registry at run time: which event types exist, who may publish and who may read them.

Instances are written by the generator (``sguild_contracts.registry``). Models are
named, not imported: using one event type imports the module of that one.
"""

import importlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, cast

from sguild_dispatcher.errors import UnknownVersionError, UnregisteredEventTypeError
from sguild_dispatcher.models import Envelope, Payload

VersionStatus: TypeAlias = Literal["current", "superseded", "withdrawn"]
DomainStatus: TypeAlias = Literal["active", "deprecated"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """A domain that may be a producer.

    A deprecated one is read, but no longer emitted, from ``emit_until`` on (00:00 UTC).
    """

    name: str
    status: DomainStatus = "active"
    deprecated_from: date | None = None
    emit_until: date | None = None

    def may_emit(self, moment: datetime) -> bool:
        """Tell whether the domain may be a producer at ``moment`` (aware)."""
        return in_window(moment, None, self.emit_until)


@dataclass(frozen=True, slots=True, kw_only=True)
class PayloadVersion:
    """One version of a payload; ``model`` is ``module:class``, ``None`` for a withdrawn one."""

    version: int
    status: VersionStatus
    model: str | None
    emit_from: date | None = None
    emit_until: date | None = None

    def may_emit(self, moment: datetime) -> bool:
        """Tell whether ``emit_from <= moment < emit_until``; a withdrawn version is never emitted."""
        return self.status != "withdrawn" and in_window(moment, self.emit_from, self.emit_until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """Reading the payloads of one version as another one.

    Attributes:
        source: the version that was emitted.
        target: the version that is read.
        gaps: what keeps a payload of the one from being one of the other; empty where it is proven that a
            tolerant reader of the target accepts every payload of the source.
    """

    source: int
    target: int
    gaps: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventType:
    """One event type: its only producer, its readers, and the versions of its payload.

    ``subject`` and ``ordering_key`` name payload fields: what the event is about, and what order is kept by.
    ``adapters`` has an entry for each pair of versions that are not withdrawn.
    """

    name: str
    contract: str
    producer: str
    subscribers: tuple[str, ...]
    versions: tuple[PayloadVersion, ...]
    subject: str | None = None
    ordering_key: str | None = None
    adapters: tuple[Adapter, ...] = ()

    def version(self, number: int) -> PayloadVersion:
        """Return one version, withdrawn ones too.

        Raises:
            UnknownVersionError: there is no such version.
        """
        for candidate in self.versions:
            if candidate.version == number:
                return candidate
        known = ", ".join(str(each.version) for each in self.versions)
        raise UnknownVersionError(f"{self.name} has no version {number}; the registry has {known}.")

    @property
    def live(self) -> tuple[PayloadVersion, ...]:
        """The versions that are not withdrawn, in ascending order."""
        return tuple(each for each in self.versions if each.model is not None)

    def adapter(self, source: int, target: int) -> Adapter:
        """Return how payloads of one live version are read as those of another one."""
        found = (each for each in self.adapters if (each.source, each.target) == (source, target))
        return next(found, Adapter(source=source, target=target, gaps="nothing is known of it"))

    @property
    def current(self) -> PayloadVersion | None:
        """The version with the status ``current``, if there is one."""
        return next((each for each in self.versions if each.status == "current"), None)


def in_window(moment: datetime, start: date | None, end: date | None) -> bool:
    """Tell whether ``start <= moment < end``, where a day begins at 00:00 UTC and ``None`` is unbounded."""
    if start is None and end is None:
        return True
    day = moment.astimezone(UTC).date()
    return (start is None or start <= day) and (end is None or day < end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """All domains and event types of one generated package.

    ``envelope`` is ``module:class`` of the generic envelope model, ``schemas`` the module of the schemas.
    """

    version: str
    envelope: str
    schemas: str
    domains: tuple[Domain, ...]
    event_types: tuple[EventType, ...]
    _domains: Mapping[str, Domain] = field(init=False, repr=False, compare=False)
    _event_types: Mapping[str, EventType] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_domains", _by_name(self.domains))
        object.__setattr__(self, "_event_types", _by_name(self.event_types))

    def __iter__(self) -> Iterator[EventType]:
        return iter(self.event_types)

    def __contains__(self, event_type: object) -> bool:
        return event_type in self._event_types

    def domain(self, name: str) -> Domain | None:
        """Return a domain by its name, ``None`` if the registry has none of that name."""
        return self._domains.get(name)

    def event_type(self, name: str) -> EventType:
        """Return an event type by its name.

        Raises:
            UnregisteredEventTypeError: the registry has no such event type.
        """
        try:
            return self._event_types[name]
        except KeyError:
            raise UnregisteredEventTypeError(
                f"{name!r} is not in the registry (version {self.version}): register the event type first."
            ) from None

    def subscriptions(self, domain: str) -> tuple[EventType, ...]:
        """Return the event types that a domain may read, in the registry's order."""
        return tuple(each for each in self.event_types if domain in each.subscribers)

    def payload_model(self, event_type: str, version: int) -> type[Payload]:
        """Return the payload class of a version.

        Raises:
            UnregisteredEventTypeError: the registry has no such event type.
            UnknownVersionError: it has no such version, or the version is withdrawn and has no schema.
        """
        model = self.event_type(event_type).version(version).model
        if model is None:
            raise UnknownVersionError(f"{event_type} version {version} is withdrawn and has no schema.")
        return cast("type[Payload]", _load(model))

    def event_model(self, event_type: str, version: int) -> type[Envelope[Any]]:
        """Return the envelope class around the payload class of a version, as ``Event[CreditLockedV1]``.

        Raises:
            UnregisteredEventTypeError, UnknownVersionError: as :meth:`payload_model`.
        """
        return self.around(self.payload_model(event_type, version))

    def around(self, payload: object) -> type[Envelope[Any]]:
        """Return the envelope class around the type of a payload."""
        envelope = cast("Any", _load(self.envelope))
        return cast("type[Envelope[Any]]", envelope[payload])

    def tolerant_schema(self, event_type: str, version: int) -> Any:
        """Return the JSON Schema of what a tolerant reader of a version accepts.

        Raises:
            KeyError: there is no such version, or it is withdrawn.
        """
        return importlib.import_module(self.schemas).tolerant_schema(event_type, version)


def _by_name(items: Iterable[Any]) -> Mapping[str, Any]:
    return MappingProxyType({each.name: each for each in items})


def _load(reference: str) -> object:
    module, _, name = reference.partition(":")
    return getattr(importlib.import_module(module), name)
