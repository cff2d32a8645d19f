"""The fixture ``dispatcher``, used as the tests of a service use it."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from deliveries_kit import SalesSubscriber, locked
from publishing_kit import released
from sample_contracts import (
    CreditLockedV1,
    CreditReleasedV2,
    Event,
    LeadCreatedV1,
    LeadId,
    RevenuePublisher,
    RevenueSyncPublisher,
    SalesPublisher,
    TallyClosedV1,
    registry,
)
from sguild_dispatcher.context import request_context
from sguild_dispatcher.dead_letters import DeadLetterFilter
from sguild_dispatcher.errors import EmissionWindowError, MissingContextError, UnknownDeadLetterError
from sguild_dispatcher.registry import Registry
from sguild_dispatcher.retries import RetryPolicy
from sguild_dispatcher.settings import Settings
from sguild_dispatcher.signing import Keyring
from sguild_dispatcher.subscriber import DeadLetter, Discard, DrainResult, HandlerContext, Retry
from sguild_dispatcher.testing.dispatcher import Dispatcher, NotDeliveredError

pytest_plugins = ["sguild_dispatcher.testing.plugin"]


@pytest.fixture(scope="session")
def dispatcher_registry() -> Registry:
    return registry


# The service: nothing in it knows of tests, and nothing is set in the environment.

publisher = SalesPublisher()
subscriber = SalesSubscriber("crm")
calls: list[int] = []


@subscriber.on_credit_locked
async def create_lead(event: Event[CreditLockedV1], context: HandlerContext) -> None:
    calls.append(event.payload.locked_credits)
    if event.payload.locked_credits == 13:
        raise LookupError("no account 13")
    await publisher.publish(context.connection, LeadCreatedV1(lead_id=LeadId.mint()))


@pytest.fixture(autouse=True)
def no_calls() -> None:
    calls.clear()


async def test_what_a_handler_publishes_is_seen_with_its_type(dispatcher: Dispatcher) -> None:
    cause = await dispatcher.publish(locked(1))
    assert await dispatcher.deliver(subscriber) == DrainResult(delivered=1)
    [event] = dispatcher.published(LeadCreatedV1)
    assert (event.producer, event.tenant_id) == ("sales", "tenant-test")
    assert event.model_dump()["correlation_id"] == cause
    assert [each.event_type for each in dispatcher.published()] == ["credit.locked", "lead.created"]


async def test_each_test_begins_with_nothing(dispatcher: Dispatcher) -> None:
    assert dispatcher.published() == []
    assert await dispatcher.deliver(subscriber) == DrainResult()


async def test_only_what_is_committed_counts(dispatcher: Dispatcher) -> None:
    with request_context(tenant_id="t-1"):
        async with dispatcher.connection.transaction():
            await publisher.publish(dispatcher.connection, LeadCreatedV1(lead_id=LeadId.mint()))
            assert dispatcher.published() == []
    [event] = dispatcher.published()
    assert event.tenant_id == "t-1"


def test_code_without_asyncio_publishes_too(dispatcher: Dispatcher) -> None:
    with request_context(tenant_id="t-1"), dispatcher.sync_connection.transaction():
        RevenueSyncPublisher().publish(dispatcher.sync_connection, locked(4))
    assert [each.payload.locked_credits for each in dispatcher.published(CreditLockedV1)] == [4]


async def test_subscribers_get_what_the_others_publish(dispatcher: Dispatcher) -> None:
    revenue = RevenuePublisher()
    first, second = SalesSubscriber("first"), SalesSubscriber("second")
    seen: list[int] = []

    @second.on_credit_locked
    async def answer(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        if event.payload.locked_credits < 3:
            await revenue.publish(context.connection, locked(event.payload.locked_credits + 1))

    @first.on_credit_locked
    async def look(event: Event[CreditLockedV1], _context: HandlerContext) -> None:
        seen.append(event.payload.locked_credits)

    await dispatcher.publish(locked(1))
    assert await dispatcher.deliver(first, second) == DrainResult(delivered=6)
    assert seen == [1, 2, 3]


async def test_deliver_wants_to_know_to_whom(dispatcher: Dispatcher) -> None:
    with pytest.raises(TypeError, match="needs the subscribers"):
        await dispatcher.deliver()


# failures that the test asks for


async def test_the_next_delivery_fails_and_its_retry_succeeds(dispatcher: Dispatcher) -> None:
    dispatcher.fail_next(CreditLockedV1, ConnectionError("down"))
    await dispatcher.publish(locked(1))
    await dispatcher.publish(locked(2))
    assert await dispatcher.deliver(subscriber) == DrainResult(delivered=1, retried=1)
    assert calls == [2]
    assert await dispatcher.deliver(subscriber) == DrainResult()
    dispatcher.clock.advance(minutes=5)
    assert await dispatcher.deliver(subscriber) == DrainResult(delivered=1)
    assert calls == [2, 1]


async def test_as_many_deliveries_fail_as_are_to(dispatcher: Dispatcher) -> None:
    impatient = SalesSubscriber("crm", retry=RetryPolicy(max_attempts=3, base=0, cap=0))
    impatient.on_credit_locked(create_lead)
    dispatcher.fail_next(CreditLockedV1, ConnectionError("down"), times=3)
    await dispatcher.publish(locked(1))
    assert await dispatcher.deliver(impatient) == DrainResult(retried=2, dead=1)
    [letter] = await dispatcher.dead_letters.list()
    assert (letter.event_type, letter.attempts, letter.detail) == (
        "credit.locked",
        3,
        "ConnectionError: down",
    )
    replayed = await dispatcher.dead_letters.replay(DeadLetterFilter(ids=(letter.id,)), actor="ada")
    assert replayed.count == 1
    assert await dispatcher.deliver(impatient) == DrainResult(delivered=1)
    assert await dispatcher.dead_letters.count() == 0
    with pytest.raises(UnknownDeadLetterError, match=f"no dead letter {letter.id}"):
        await dispatcher.dead_letters.show(letter.id)


async def test_faults_strike_their_own_type_in_the_order_they_were_asked_for(dispatcher: Dispatcher) -> None:
    dispatcher.fail_next(CreditReleasedV2, ConnectionError("never"))
    dispatcher.fail_next(CreditLockedV1, DeadLetter("one"))
    dispatcher.fail_next(CreditLockedV1, Discard("two"))
    for number in (1, 2, 3):
        await dispatcher.publish(locked(number))
    assert await dispatcher.deliver(subscriber) == DrainResult(dead=1, discarded=1, delivered=1)
    assert calls == [3]
    assert [each.reason for each in dispatcher.database.audit] == ["two"]
    [letter] = await dispatcher.dead_letters.list()
    assert (await dispatcher.dead_letters.show(letter.id))[0].detail == "DeadLetter: one"


async def test_a_retry_comes_when_the_fault_says(dispatcher: Dispatcher) -> None:
    dispatcher.fail_next(CreditLockedV1, Retry(after=60))
    await dispatcher.publish(locked(1))
    assert await dispatcher.deliver(subscriber) == DrainResult(retried=1)
    dispatcher.clock.advance(seconds=59)
    assert await dispatcher.deliver(subscriber) == DrainResult()
    dispatcher.clock.advance(seconds=1)
    assert await dispatcher.deliver(subscriber) == DrainResult(delivered=1)


# failures that it does not ask for


async def test_a_handler_that_fails_fails_the_test(dispatcher: Dispatcher) -> None:
    event_id = await dispatcher.publish(locked(13))
    await dispatcher.publish(locked(1))
    with pytest.raises(NotDeliveredError) as caught:
        await dispatcher.deliver(subscriber)
    assert f"sales/crm: credit.locked {event_id}: handler_failed, LookupError: no account 13" in str(
        caught.value
    )
    assert "locked(1)" not in str(caught.value)
    assert isinstance(caught.value.__cause__, LookupError)
    # The others were delivered, and the failure is told once.
    assert len(dispatcher.published(LeadCreatedV1)) == 1
    assert await dispatcher.deliver(subscriber) == DrainResult()


async def test_a_failure_may_be_part_of_the_test(dispatcher: Dispatcher) -> None:
    await dispatcher.publish(locked(13))
    assert await dispatcher.deliver(subscriber, allow_failures=True) == DrainResult(retried=1)


async def test_a_fault_does_not_excuse_the_handlers_own_failure(dispatcher: Dispatcher) -> None:
    dispatcher.fail_next(CreditLockedV1, ConnectionError("down"))
    await dispatcher.publish(locked(13))
    assert await dispatcher.deliver(subscriber) == DrainResult(retried=1)
    dispatcher.clock.advance(hours=1)
    with pytest.raises(NotDeliveredError, match="no account 13"):
        await dispatcher.deliver(subscriber)


async def test_an_event_that_is_refused_fails_the_test(dispatcher: Dispatcher) -> None:
    stranger = RevenuePublisher(keyring=Keyring.generate(["revenue"]))
    with request_context(tenant_id="t-1"):
        async with dispatcher.connection.transaction():
            await stranger.publish(dispatcher.connection, locked(1))
    with pytest.raises(NotDeliveredError, match=r"credit\.locked occ_.*: bad_signature, ") as caught:
        await dispatcher.deliver(subscriber)
    assert caught.value.__cause__ is None


async def test_a_handler_that_takes_too_long_fails_the_test(dispatcher: Dispatcher) -> None:
    slow = SalesSubscriber("slow")

    @slow.transactional(timeout=0.05).on_credit_locked
    async def hang(_event: Event[CreditLockedV1], _context: HandlerContext) -> None:
        await asyncio.sleep(60)

    await dispatcher.publish(locked(1))
    with pytest.raises(NotDeliveredError, match="handler_timeout"):
        await dispatcher.deliver(slow)


async def test_a_fault_does_not_excuse_a_later_failure_of_another_kind(dispatcher: Dispatcher) -> None:
    slow = SalesSubscriber("slow")

    @slow.transactional(timeout=0.05).on_credit_locked
    async def hang(_event: Event[CreditLockedV1], _context: HandlerContext) -> None:
        await asyncio.sleep(60)

    dispatcher.fail_next(CreditLockedV1, ConnectionError("down"))
    await dispatcher.publish(locked(1))
    assert await dispatcher.deliver(slow) == DrainResult(retried=1)
    dispatcher.clock.advance(hours=1)
    with pytest.raises(NotDeliveredError, match="handler_timeout"):
        await dispatcher.deliver(slow)


async def test_what_waits_for_a_failed_event_is_no_failure_of_its_own(dispatcher: Dispatcher) -> None:
    strict = SalesSubscriber("strict", hold_back=True)
    strict.on_credit_locked(create_lead)
    dispatcher.fail_next(CreditLockedV1, ConnectionError("down"))
    lesson = str(locked().lesson_id)
    await dispatcher.publish(locked(1, lesson=lesson))
    await dispatcher.publish(locked(2, lesson=lesson))
    assert await dispatcher.deliver(strict) == DrainResult(retried=1, held=1)


# leased handlers


async def test_leased_handlers_of_both_kinds_are_called_and_fail_when_they_are_to(
    dispatcher: Dispatcher,
) -> None:
    leased = SalesSubscriber("leased")
    claimed: list[bool] = []

    @leased.leased().on_credit_locked
    async def call(_event: Event[CreditLockedV1], context: HandlerContext) -> None:
        connection = dispatcher.database.connection()
        async with connection.transaction():
            claimed.append(await context.claim(connection))
            connection.state["told"] = connection.state.get("told", 0) + 1

    def call_in_thread(_event: Any, context: HandlerContext) -> None:
        connection = dispatcher.database.sync_connection()
        with connection.transaction():
            claimed.append(context.claim(connection))

    leased.leased()._handle(call_in_thread, "credit.released", 2)
    dispatcher.fail_next(CreditReleasedV2, ConnectionError("down"))
    await dispatcher.publish(locked(1))
    await dispatcher.publish(released())
    assert await dispatcher.deliver(leased) == DrainResult(delivered=1, retried=1)
    dispatcher.clock.advance(minutes=5)
    assert await dispatcher.deliver(leased) == DrainResult(delivered=1)
    assert claimed == [True, True]
    assert dict(dispatcher.connection.state) == {"told": 1}


# clock, keys and settings


async def test_everything_goes_by_the_clock(dispatcher: Dispatcher) -> None:
    dispatcher.clock.now = datetime(2026, 6, 1, 12, tzinfo=UTC)
    await dispatcher.publish(locked(1))
    await dispatcher.deliver(subscriber)
    moments = {each.occurred_at for each in dispatcher.published()}
    assert moments == {datetime(2026, 6, 1, 12, tzinfo=UTC)}
    assert dispatcher.clock.advance(days=1, hours=2, minutes=3, seconds=4) == datetime(
        2026, 6, 2, 14, 3, 4, tzinfo=UTC
    )


async def test_emission_windows_are_judged_by_the_clock(dispatcher: Dispatcher) -> None:
    dispatcher.clock.now = datetime(2026, 5, 11, tzinfo=UTC)
    await dispatcher.publish(TallyClosedV1(note="the last"))
    dispatcher.clock.advance(days=1)
    with pytest.raises(EmissionWindowError, match="operations may publish nothing from 2026-05-12"):
        await dispatcher.publish(TallyClosedV1(note="too late"))


async def test_the_service_may_be_given_keys_and_clock_itself(dispatcher: Dispatcher) -> None:
    own = RevenuePublisher(
        keyring=dispatcher.keyring, clock=dispatcher.clock, settings=Settings(tenant_id="t-2")
    )
    async with dispatcher.connection.transaction():
        await own.publish(dispatcher.connection, locked(1))
    assert await dispatcher.deliver(subscriber) == DrainResult(delivered=1)


async def test_a_tenant_is_not_made_up_for_the_code_under_test(dispatcher: Dispatcher) -> None:
    async with dispatcher.connection.transaction():
        with pytest.raises(MissingContextError):
            await publisher.publish(dispatcher.connection, LeadCreatedV1(lead_id=LeadId.mint()))
    assert await dispatcher.publish(locked(1), tenant_id="t-3")
    with request_context(tenant_id="t-4"):
        await dispatcher.publish(locked(1))
    assert [each.tenant_id for each in dispatcher.published()] == ["t-3", "t-4"]


async def test_a_connection_says_that_it_has_no_sql(dispatcher: Dispatcher) -> None:
    for call in (dispatcher.connection.execute, dispatcher.connection.fetch):
        with pytest.raises(NotImplementedError, match=r"no SQL.*connection\.state"):
            await call("select 1")
    for plain in (dispatcher.sync_connection.execute, dispatcher.sync_connection.fetch):
        with pytest.raises(NotImplementedError, match="no SQL"):
            plain("select 1")
