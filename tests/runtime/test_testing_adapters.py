"""Adapters of a service, called through the fixture ``dispatcher``."""

from datetime import UTC, datetime

import pytest

from deliveries_kit import by_an_operator
from sample_contracts import (
    CreditAccountId,
    CreditReleasedV1,
    CreditReleasedV2,
    Event,
    PersonId,
    RevenuePublisher,
    registry,
)
from sguild_dispatcher.errors import MissingAdapterError
from sguild_dispatcher.registry import Registry
from sguild_dispatcher.settings import Settings
from sguild_dispatcher.subscriber import DeadLetter, Discard, DrainResult, HandlerContext, Subscriber
from sguild_dispatcher.testing.dispatcher import Dispatcher, NotDeliveredError

pytest_plugins = ["sguild_dispatcher.testing.plugin"]

early = RevenuePublisher(clock=lambda: datetime(2026, 5, 1, tzinfo=UTC), settings=Settings(tenant_id="t-1"))
emitted: list[int] = []


@pytest.fixture(scope="session")
def dispatcher_registry() -> Registry:
    return registry


class SalesSubscriber(Subscriber):
    """Reads version 2 for sales; without an adapter."""

    domain = "sales"
    registry = registry


@pytest.fixture
def subscriber() -> SalesSubscriber:
    async def note(event: Event[CreditReleasedV2], _context: HandlerContext) -> None:
        emitted.append(event.emitted_version)

    emitted.clear()
    made = SalesSubscriber("crm")
    made._handle(note, "credit.released", 2)
    return made


async def publish_version_1(dispatcher: Dispatcher) -> None:
    async with dispatcher.connection.transaction():
        payload = CreditReleasedV1(credit_account_id=CreditAccountId.mint(), person_id=PersonId.mint())
        await early.publish(dispatcher.connection, payload)


async def test_a_missing_adapter_names_the_handler_of_the_service(
    dispatcher: Dispatcher, subscriber: SalesSubscriber
) -> None:
    with pytest.raises(MissingAdapterError, match=r"which subscriber\.<locals>\.note takes \("):
        await dispatcher.deliver(subscriber)


async def test_an_adapter_that_fails_fails_the_test(
    dispatcher: Dispatcher, subscriber: SalesSubscriber
) -> None:
    def adapt(_old: CreditReleasedV1) -> CreditReleasedV2:
        raise LookupError("who knows")

    subscriber._adapt(adapt, "credit.released", 1, 2)
    await publish_version_1(dispatcher)
    with pytest.raises(NotDeliveredError, match="handler_failed, LookupError: who knows") as caught:
        await dispatcher.deliver(subscriber)
    assert isinstance(caught.value.__cause__, LookupError)


async def test_the_verdict_of_an_adapter_is_wanted(
    dispatcher: Dispatcher, subscriber: SalesSubscriber
) -> None:
    def adapt(_old: CreditReleasedV1) -> CreditReleasedV2:
        raise DeadLetter("nobody knows")

    subscriber._adapt(adapt, "credit.released", 1, 2)
    await publish_version_1(dispatcher)
    assert await dispatcher.deliver(subscriber) == DrainResult(dead=1)


async def test_a_fault_strikes_before_the_adapter(
    dispatcher: Dispatcher, subscriber: SalesSubscriber
) -> None:
    adapted: list[CreditReleasedV1] = []

    def adapt(old: CreditReleasedV1) -> CreditReleasedV2:
        adapted.append(old)
        return by_an_operator(old)

    subscriber._adapt(adapt, "credit.released", 1, 2)
    dispatcher.fail_next(CreditReleasedV2, Discard("one"))
    await publish_version_1(dispatcher)
    await publish_version_1(dispatcher)
    assert await dispatcher.deliver(subscriber) == DrainResult(discarded=1, delivered=1)
    assert (emitted, len(adapted)) == ([1], 1)
