"""The readers of the story: sales, delivery and coaching, each with a cursor of its own."""

from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg

from demo.telling import Teller
from sguild_contracts import (
    CoachingSubscriber,
    CreditLocked,
    CreditReserved,
    CustomerHandoff,
    DeliverySubscriber,
    Event,
    ReceivedReservationFunded,
    SalesSubscriber,
)
from sguild_dispatcher import HandlerContext, Keyring, RetryPolicy, Settings

# Three attempts within a fraction of a second: a story should not make anyone wait.
_RETRY: Final = RetryPolicy(max_attempts=3, base=0.05, cap=0.1)


class CalendarOfflineError(RuntimeError):
    """The coaches' calendar does not answer."""


@dataclass(slots=True)
class Calendar:
    """The coaches' calendar; what goes wrong in this story goes wrong here."""

    online: bool = True

    def take_slot(self) -> None:
        """Take a slot out of availability."""
        if not self.online:
            raise CalendarOfflineError("the coaches' calendar is offline")


@dataclass(slots=True)
class Readers:
    """Builds the three subscribers over one pool."""

    pool: "asyncpg.Pool[asyncpg.Record]"
    keyring: Keyring
    settings: Settings
    teller: Teller
    calendar: Calendar = field(default_factory=Calendar)
    _told: set[tuple[str, str, int, int]] = field(default_factory=set[tuple[str, str, int, int]])

    def sales(self) -> SalesSubscriber:
        """Sales closes the lead on a lock, and lets go of a customer who is handed over."""
        subscriber = SalesSubscriber("sales-crm", **self._common())

        @subscriber.on_credit_locked
        async def close_lead(event: Event[CreditLocked], context: HandlerContext) -> None:
            await self._effect("sales", event, context, "closes the lead")

        @subscriber.on_customer_handoff
        async def let_go(event: Event[CustomerHandoff], context: HandlerContext) -> None:
            await self._effect("sales", event, context, "hands the customer over")

        return subscriber

    def delivery(self) -> DeliverySubscriber:
        """Delivery plans the lesson, and takes over the customer."""
        subscriber = DeliverySubscriber("lesson-planning", **self._common())

        @subscriber.on_credit_reserved
        async def plan(event: Event[CreditReserved], context: HandlerContext) -> None:
            credits_ = event.payload.reserved_credits
            await self._effect("delivery", event, context, f"{credits_} credits, plans the lesson")

        @subscriber.on_reservation_funded
        async def confirm(event: Event[ReceivedReservationFunded], context: HandlerContext) -> None:
            await self._effect("delivery", event, context, f"funded from {event.payload.funding_source}")

        @subscriber.on_credit_locked
        async def settle(event: Event[CreditLocked], context: HandlerContext) -> None:
            await self._effect("delivery", event, context, "the lesson takes place")

        @subscriber.on_customer_handoff
        async def welcome(event: Event[CustomerHandoff], context: HandlerContext) -> None:
            await self._effect("delivery", event, context, "welcomes the customer")

        return subscriber

    def coaching(self) -> CoachingSubscriber:
        """Coaching takes the slot out of the coaches' availability."""
        subscriber = CoachingSubscriber("coach-calendar", **self._common())

        @subscriber.on_credit_reserved
        async def take_slot(event: Event[CreditReserved], context: HandlerContext) -> None:
            try:
                self.calendar.take_slot()
            except CalendarOfflineError as error:
                self._tell("coaching", "fails", event, context, f"attempt {context.attempt}, {error}")
                raise
            await self._effect("coaching", event, context, "takes the slot out of availability")

        @subscriber.on_credit_locked
        async def keep_slot(event: Event[CreditLocked], context: HandlerContext) -> None:
            await self._effect("coaching", event, context, "the slot stays taken")

        return subscriber

    def _common(self) -> dict[str, Any]:
        return {"connections": self.pool, "keyring": self.keyring, "settings": self.settings, "retry": _RETRY}

    async def _effect(self, domain: str, event: Event[Any], context: HandlerContext, note: str) -> None:
        """Write an effect beside the cursor: both commit, or neither does. A second one would be an error."""
        await context.connection.execute(
            "insert into demo.effect values ($1, $2, $3)", domain, event.event_id, event.event_type
        )
        self._tell(domain, "receives", event, context, note)

    def _tell(self, domain: str, verb: str, event: Event[Any], context: HandlerContext, note: str) -> None:
        """Tell of an attempt once: after a failure the worker does its batch again, event by event."""
        attempt = (domain, event.event_id, context.attempt, context.replays)
        if attempt not in self._told:
            self._told.add(attempt)
            self.teller.event(domain, verb, event.event_type, note)
