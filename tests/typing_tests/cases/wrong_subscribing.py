"""Handlers that do not fit their event."""

from sguild_contracts import (
    CoachingSubscriber,
    CreditLocked,
    CreditReleasedV2,
    CreditReserved,
    Event,
    LeadCreated,
    ReceivedCreditReleasedV1,
    ReceivedCreditReleasedV2,
    SalesSubscriber,
)
from sguild_dispatcher import HandlerContext

subscriber = SalesSubscriber(name="sales-crm")


@subscriber.on_credit_locked  # error: arg-type, reportArgumentType
async def another_event(event: Event[CreditReserved], context: HandlerContext) -> None: ...


@subscriber.on_credit_released  # error: arg-type, reportArgumentType
async def another_version(event: Event[ReceivedCreditReleasedV1], context: HandlerContext) -> None: ...


@subscriber.on_credit_released  # error: arg-type, reportArgumentType
async def without_surprises(event: Event[CreditReleasedV2], context: HandlerContext) -> None: ...


@subscriber.adapt_credit_released_v1_to_v2  # error: arg-type, reportArgumentType
def the_other_way(old: ReceivedCreditReleasedV2) -> ReceivedCreditReleasedV1:
    return ReceivedCreditReleasedV1.model_validate(old.model_dump())


@subscriber.on_credit_locked  # error: arg-type, reportArgumentType
async def the_payload_alone(payload: CreditLocked, context: HandlerContext) -> None: ...


@subscriber.on_credit_locked  # error: arg-type, reportArgumentType
async def without_the_context(event: Event[CreditLocked]) -> None: ...


@subscriber.on_credit_locked  # error: arg-type, reportArgumentType
def not_asynchronous(event: Event[CreditLocked], context: HandlerContext) -> None: ...


@subscriber.on_lead_created  # error: attr-defined, reportAttributeAccessIssue
async def not_subscribed(event: Event[LeadCreated], context: HandlerContext) -> None: ...


async def of_another_version(event: Event[CreditReleasedV2], context: HandlerContext) -> None: ...


coaching = CoachingSubscriber(name="slots")
coaching.on_credit_released_v1(of_another_version)  # error: arg-type, reportArgumentType
CoachingSubscriber()  # error: call-arg, reportCallIssue


async def starts_elsewhere() -> None:
    await subscriber.register(start="middle")  # error: arg-type, reportArgumentType


@subscriber.on_credit_locked
async def reads_another_field(event: Event[CreditLocked], context: HandlerContext) -> None:
    assert event.payload.reserved_credits  # error: attr-defined, reportAttributeAccessIssue
    assert event.payload["person_id"]  # error: index, reportIndexIssue
    context.attempt = 2  # error: misc, reportAttributeAccessIssue
