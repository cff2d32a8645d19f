"""Subscribing, as the documentation shows it: no errors."""

import asyncio
from datetime import datetime
from typing import assert_type

from sguild_contracts import (
    CoachingSubscriber,
    CreditLocked,
    CreditReleased,
    CreditReleasedV1,
    CreditReleasedV2,
    Event,
    EventId,
    PersonId,
    SalesSubscriber,
)
from sguild_dispatcher import DrainResult, HandlerContext

subscriber = SalesSubscriber(name="sales-crm")


@subscriber.on_credit_locked
async def close_lead(event: Event[CreditLocked], context: HandlerContext) -> None:
    assert_type(event.event_id, EventId)
    assert_type(event.payload.person_id, PersonId)
    occurred: datetime = event.occurred_at
    await context.connection.execute("update lead set closed_at = $1", occurred)


@subscriber.on_credit_released
async def released(event: Event[CreditReleased], context: HandlerContext) -> None:
    if context.attempt == 1 and event.payload.reason_code == "weather":
        return


class Slots:
    """Handlers can be methods, and one subscriber can have many."""

    async def give_back(self, event: Event[CreditReleasedV1], context: HandlerContext) -> None:
        assert_type(event.payload, CreditReleasedV1)
        assert_type(context.attempt, int)

    async def take(self, event: Event[CreditLocked], context: HandlerContext) -> None:
        assert_type(event, Event[CreditLocked])
        assert_type(context.replays, int)


def coaching(slots: Slots) -> CoachingSubscriber:
    made = CoachingSubscriber(name="slots")
    made.on_credit_released_v1(slots.give_back)
    made.on_credit_locked(slots.take)
    return made


async def call_a_handler(event: Event[CreditReleasedV2], context: HandlerContext) -> None:
    """What is decorated stays callable, as in a unit test of a service."""
    await released(event, context)


async def main() -> None:
    assert_type(await subscriber.register(start="now"), bool)
    assert_type(await subscriber.drain(), DrainResult)
    await subscriber.run()


if __name__ == "__main__":
    asyncio.run(main())
