"""A small contract package in the shape of generated code, for tests of the runtime alone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any, Generic, Literal, Self, TypeAlias

from pydantic import MISSING, Field, model_validator

from sguild_dispatcher.fields import (
    ArrayRule,
    DateTime,
    IntegerRule,
    ObjectRule,
    PrefixedId,
    String,
    StringRule,
    violation,
)
from sguild_dispatcher.models import Envelope, Payload, PayloadT_co
from sguild_dispatcher.publisher import AsyncConnection, Publisher, SyncConnection, SyncPublisher
from sguild_dispatcher.registry import Adapter, Domain, EventType, PayloadVersion, Registry

_UUID7 = "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


class EventId(PrefixedId, prefix="occ"):
    """Id of an event; the prefix is the contracts' choice, evt is only the usual one."""


class PersonId(PrefixedId, prefix="per"):
    """Id of a person."""


class LessonId(PrefixedId, prefix="les"):
    """Id of a lesson."""


class LeadId(PrefixedId, prefix="lead"):
    """Id of a lead."""


class CreditAccountId(PrefixedId, prefix="crd_acct"):
    """Id of a credit account: its prefix is too long for the envelope's subject."""


EventTypeName: TypeAlias = Annotated[
    str, StringRule(min_length=3, max_length=128, pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$")
]
TenantId: TypeAlias = Annotated[str, StringRule(min_length=1, max_length=64)]
SchemaVersion: TypeAlias = Annotated[int, IntegerRule(minimum=1)]
Subject: TypeAlias = Annotated[str, StringRule(pattern=f"^[a-z]{{3,4}}_{_UUID7}$")]
Actor: TypeAlias = Annotated[
    str, StringRule(pattern=f"^(per_{_UUID7}|system:(sales|revenue|delivery|operations))$")
]
Credits: TypeAlias = Annotated[int, IntegerRule(minimum=1)]
Note: TypeAlias = Annotated[str, StringRule(min_length=1, max_length=200)]
Tags: TypeAlias = Annotated[tuple[Note, ...], ArrayRule(min_items=1, max_items=5, unique_items=True)]
Attributes: TypeAlias = Annotated[
    dict[str, String], ObjectRule(max_properties=3, property_names=StringRule(pattern="^[a-z]+$"))
]


class Event(Envelope[PayloadT_co], Generic[PayloadT_co], frozen=True):
    """The frame of every event."""

    event_id: EventId
    event_type: EventTypeName
    occurred_at: DateTime
    tenant_id: TenantId
    producer: Literal["sales", "revenue", "delivery", "operations"]
    schema_version: SchemaVersion
    payload: PayloadT_co
    subject: Subject | MISSING = MISSING
    actor: Actor | MISSING = MISSING
    correlation_id: EventId | MISSING = MISSING


class CreditLockedV1(Payload, frozen=True, event_type="credit.locked", version=1):
    """Credits of a lesson were locked."""

    lesson_id: LessonId
    person_id: PersonId
    locked_credits: Credits
    locked_at: DateTime


class CreditReleasedV1(Payload, frozen=True, event_type="credit.released", version=1):
    """Credits were released; the form without a reason."""

    credit_account_id: CreditAccountId
    person_id: PersonId


class CreditReleasedV2(Payload, frozen=True, event_type="credit.released", version=2):
    """Credits were released, by an operator or for a reason."""

    credit_account_id: CreditAccountId
    person_id: PersonId
    automatic: bool
    reason: Note | MISSING = MISSING

    @model_validator(mode="after")
    def _check_contract(self) -> Self:
        if self.automatic and self.reason is MISSING:
            raise violation("/reason", "is required when automatic is true")
        return self


class LeadCreatedV1(Payload, frozen=True, event_type="lead.created", version=1):
    """A lead was created."""

    lead_id: LeadId
    class_: Note | MISSING = Field(default=MISSING, alias="class")
    owner_id: PersonId | MISSING = MISSING
    tags: Tags | MISSING = MISSING
    attributes: Attributes | MISSING = MISSING


class TallyClosedV1(Payload, frozen=True, event_type="tally.closed", version=1):
    """An event of a domain that is deprecated."""

    note: Note


class SiteOpenedV1(Payload, frozen=True, event_type="site.opened", version=1):
    """An event type that no registry has."""

    note: Note


def tolerant_schema(_event_type: str, _version: int) -> dict[str, Any]:
    return {"type": "object"}


def _current(model: type[Payload]) -> PayloadVersion:
    return PayloadVersion(version=1, status="current", model=f"{__name__}:{model.__name__}")


registry = Registry(
    version="2.0.0",
    envelope=f"{__name__}:Event",
    schemas=__name__,
    domains=(
        Domain(name="sales"),
        Domain(name="revenue"),
        Domain(name="delivery"),
        Domain(
            name="operations",
            status="deprecated",
            deprecated_from=date(2026, 4, 27),
            emit_until=date(2026, 5, 12),
        ),
    ),
    event_types=(
        EventType(
            name="credit.locked",
            contract="credit",
            producer="revenue",
            subscribers=("delivery", "sales"),
            versions=(_current(CreditLockedV1),),
            subject="person_id",
            ordering_key="lesson_id",
        ),
        EventType(
            name="credit.released",
            contract="credit",
            producer="revenue",
            subscribers=("sales",),
            versions=(
                PayloadVersion(
                    version=1,
                    status="superseded",
                    model=f"{__name__}:CreditReleasedV1",
                    emit_until=date(2026, 5, 22),
                ),
                PayloadVersion(
                    version=2,
                    status="current",
                    model=f"{__name__}:CreditReleasedV2",
                    emit_from=date(2026, 5, 22),
                ),
            ),
            subject="credit_account_id",
            adapters=(
                Adapter(source=1, target=2, gaps='"/automatic" is required'),
                Adapter(source=2, target=1),
            ),
        ),
        EventType(
            name="lead.created",
            contract="lead",
            producer="sales",
            subscribers=("revenue",),
            versions=(_current(LeadCreatedV1), PayloadVersion(version=2, status="withdrawn", model=None)),
            subject="lead_id",
            ordering_key="class",
        ),
        EventType(
            name="tally.closed",
            contract="tally",
            producer="operations",
            subscribers=("sales",),
            versions=(_current(TallyClosedV1),),
        ),
    ),
)


class AnyPublisher(Publisher):
    """Publishes whatever it is given, as a generated ``publish`` would without its types."""

    async def publish(self, connection: AsyncConnection, payload: Payload) -> str:
        """Publish an event."""
        return await self._publish_any(connection, payload)

    async def publish_many(self, connection: AsyncConnection, payloads: Iterable[Payload]) -> list[EventId]:
        """Publish events."""
        return await self._publish_many(connection, payloads, EventId)


class AnySyncPublisher(SyncPublisher):
    """The same, without asyncio."""

    def publish(self, connection: SyncConnection, payload: Payload) -> str:
        """Publish an event."""
        return self._publish_any(connection, payload)

    def publish_many(self, connection: SyncConnection, payloads: Iterable[Payload]) -> list[EventId]:
        """Publish events."""
        return self._publish_many(connection, payloads, EventId)


class RevenuePublisher(AnyPublisher):
    """Publishes the events of revenue."""

    domain = "revenue"
    registry = registry

    async def credit_locked(self, connection: AsyncConnection, payload: CreditLockedV1) -> EventId:
        """Credits of a lesson were locked."""
        return EventId(await self._publish(connection, payload, "credit.locked", 1))


class RevenueSyncPublisher(AnySyncPublisher):
    """Publishes the events of revenue, without asyncio."""

    domain = "revenue"
    registry = registry

    def credit_locked(self, connection: SyncConnection, payload: CreditLockedV1) -> EventId:
        """Credits of a lesson were locked."""
        return EventId(self._publish(connection, payload, "credit.locked", 1))


class SalesPublisher(AnyPublisher):
    """Publishes the events of sales."""

    domain = "sales"
    registry = registry


class OperationsPublisher(AnyPublisher):
    """Publishes the events of a domain that may not publish any more."""

    domain = "operations"
    registry = registry
