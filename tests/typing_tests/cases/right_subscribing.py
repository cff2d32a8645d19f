"""Subscribing, as the documentation shows it: no errors."""

import asyncio
from datetime import datetime
from typing import assert_type

from sguild_contracts import (
    CoachingSubscriber,
    CreditLocked,
    CreditReleasedV2,
    Event,
    EventId,
    PersonId,
    ReceivedCreditReleased,
    ReceivedCreditReleasedV1,
    ReceivedCreditReleasedV2,
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
async def released(event: Event[ReceivedCreditReleased], context: HandlerContext) -> None:
    if context.attempt == 1 and event.payload.reason_code == "weather":
        return


@subscriber.adapt_credit_released_v1_to_v2
def by_an_operator(old: ReceivedCreditReleasedV1) -> ReceivedCreditReleasedV2:
    return ReceivedCreditReleasedV2(
        credit_reservation_id=old.credit_reservation_id,
        credit_account_id=old.credit_account_id,
        released_credits=old.released_credits,
        initiator=old.initiator,
        reason_code="policy_exception",
        reversal_reason=old.reversal_reason,
        reason_note=old.reason_note,
        cancelled_at=old.cancelled_at,
    )


class Slots:
    """Handlers can be methods, and one subscriber can have many."""

    async def give_back(self, event: Event[ReceivedCreditReleasedV1], context: HandlerContext) -> None:
        assert_type(event.payload, ReceivedCreditReleasedV1)
        assert_type(event.emitted_version, int)
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
