"""What becomes of an event whose handler fails, and of its neighbours."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from conformance_kit import Transport, undone
from deliveries_kit import LATER, SalesSubscriber, locked, publish, publisher
from sample_contracts import CreditLockedV1, Event
from sguild_dispatcher.dead_letters import DeadLetterFilter
from sguild_dispatcher.retries import RetryPolicy
from sguild_dispatcher.subscriber import DeadLetter, Discard, DrainResult, HandlerContext, Retry
from sguild_dispatcher.testing.clock import ManualClock


class Trouble:
    """A handler that writes its effect, and then raises an error for one number while it is broken."""

    def __init__(
        self, transport: Transport, subscriber: SalesSubscriber, number: int, error: Exception
    ) -> None:
        self.broken = True
        self.attempts: list[int] = []

        @subscriber.on_credit_locked
        async def handle(event: Event[CreditLockedV1], context: HandlerContext) -> None:
            await transport.write(context.connection, event.payload.locked_credits)
            if event.payload.locked_credits == number:
                self.attempts.append(context.attempt)
                if self.broken:
                    raise error


@pytest.mark.parametrize("batch_size", [1, 3, 500])
async def test_a_poison_event_does_not_stop_its_neighbours(transport: Transport, batch_size: int) -> None:
    subscriber = transport.subscriber(batch_size=batch_size)
    Trouble(transport, subscriber, 3, ValueError("three"))
    await subscriber.register()
    await publish(transport.connection, *(locked(each) for each in range(1, 7)))
    assert await subscriber.drain() == DrainResult(delivered=5, retried=2, dead=1)
    assert await transport.effects() == [1, 2, 4, 5, 6]
    assert await transport.dead() == [("handler_failed", "ValueError: three", 3, 0)]


async def test_a_batch_that_is_done_again_leaves_each_effect_once(transport: Transport) -> None:
    subscriber = transport.subscriber()
    calls: list[int] = []

    @subscriber.on_credit_locked
    async def last_fails_once(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        calls.append(event.payload.locked_credits)
        await transport.write(context.connection, event.payload.locked_credits)
        if len(calls) == 3:
            raise ValueError("once")

    await subscriber.register()
    await publish(transport.connection, locked(1), locked(2), locked(3))
    assert await subscriber.drain() == DrainResult(delivered=3)
    assert calls == [1, 2, 3, 1, 2, 3]
    assert await transport.effects() == [1, 2, 3]


async def test_a_failed_handler_publishes_nothing(transport: Transport) -> None:
    subscriber = transport.subscriber(retry=LATER)

    @subscriber.on_credit_locked
    async def publish_and_fail(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        await publisher().credit_locked(context.connection, locked(event.payload.locked_credits + 1))
        raise ValueError("no")

    await subscriber.register()
    await publish(transport.connection, locked(1))
    assert await subscriber.drain() == DrainResult(retried=1)
    assert await subscriber.drain() == DrainResult()


async def test_a_retry_waits_for_its_moment(transport: Transport, clock: ManualClock) -> None:
    subscriber = transport.subscriber(retry=RetryPolicy(max_attempts=3, base=10, cap=15), clock=clock)
    trouble = Trouble(transport, subscriber, 1, ValueError("no"))
    await subscriber.register()
    await publish(transport.connection, locked(1))
    assert await subscriber.drain() == DrainResult(retried=1)
    [(state, attempts, moment)] = await transport.waiting()
    assert (state, attempts) == ("retrying", 1)
    assert moment is not None
    assert clock.now <= moment <= clock.now + timedelta(seconds=10)
    clock.now = moment - timedelta(microseconds=1)
    assert await subscriber.drain() == DrainResult()
    clock.now = moment
    assert await subscriber.drain() == DrainResult(retried=1)
    clock.advance(seconds=15)
    assert await subscriber.drain() == DrainResult(dead=1)
    assert await transport.waiting() == [("dead", 3, None)]
    assert trouble.attempts == [1, 1, 2, 3]
    assert await transport.effects() == []


async def test_a_retry_that_succeeds_leaves_one_effect_and_nothing_else(
    transport: Transport, clock: ManualClock
) -> None:
    subscriber = transport.subscriber(retry=LATER, clock=clock)
    trouble = Trouble(transport, subscriber, 1, ValueError("not yet"))
    await subscriber.register()
    await publish(transport.connection, locked(1), locked(2))
    await subscriber.drain()
    trouble.broken = False
    clock.advance(seconds=1000)
    assert await subscriber.drain() == DrainResult(delivered=1)
    assert await transport.effects() == [2, 1]
    assert await transport.waiting() == []


async def test_retries_come_in_the_order_of_their_moments(transport: Transport, clock: ManualClock) -> None:
    subscriber = transport.subscriber(clock=clock)

    @subscriber.on_credit_locked
    async def ask(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        number = event.payload.locked_credits
        if context.attempt == 1:
            raise Retry(after=100 - number)
        await transport.write(context.connection, number)

    await subscriber.register()
    await publish(transport.connection, locked(1), locked(2), locked(3))
    assert await subscriber.drain() == DrainResult(retried=3)
    clock.advance(seconds=98)
    assert await subscriber.drain() == DrainResult(delivered=2)
    assert await transport.effects() == [3, 2]
    clock.advance(seconds=1)
    assert await subscriber.drain() == DrainResult(delivered=1)


# what a handler asks for


async def test_retry_sets_the_moment(transport: Transport, clock: ManualClock) -> None:
    subscriber = transport.subscriber(retry=LATER, clock=clock)
    Trouble(transport, subscriber, 1, Retry("the ledger is closed", after=60))
    await subscriber.register()
    await publish(transport.connection, locked(1))
    assert await subscriber.drain() == DrainResult(retried=1)
    assert await transport.waiting() == [("retrying", 1, clock.now + timedelta(minutes=1))]


async def test_discard_leaves_no_effect_and_an_entry_in_the_audit(transport: Transport) -> None:
    subscriber = transport.subscriber()
    Trouble(transport, subscriber, 2, Discard("the lead was merged"))
    await subscriber.register()
    _, second, _ = await publish(transport.connection, locked(1), locked(2), locked(3))
    assert await subscriber.drain() == DrainResult(delivered=2, discarded=1)
    assert await transport.effects() == [1, 3]
    assert await transport.waiting() == []
    assert await transport.audit() == [("discard", second, "handler", "the lead was merged")]


async def test_dead_letter_is_one_at_once(transport: Transport) -> None:
    subscriber = transport.subscriber(retry=LATER)
    Trouble(transport, subscriber, 1, DeadLetter("no such account"))
    await subscriber.register()
    await publish(transport.connection, locked(1))
    assert await subscriber.drain() == DrainResult(dead=1)
    assert await transport.dead() == [("handler_rejected", "DeadLetter: no such account", 1, 0)]


async def test_a_handler_that_takes_too_long_has_failed(transport: Transport) -> None:
    subscriber = transport.subscriber(retry=RetryPolicy(max_attempts=1))

    @subscriber.transactional(timeout=0.1).on_credit_locked
    async def hang_at_two(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        await transport.write(context.connection, event.payload.locked_credits)
        if event.payload.locked_credits == 2:
            await asyncio.sleep(60)

    await subscriber.register()
    await publish(transport.connection, locked(1), locked(2), locked(3))
    assert await subscriber.drain() == DrainResult(delivered=2, dead=1)
    assert await transport.effects() == [1, 3]
    assert await transport.dead() == [("handler_timeout", "The handler took longer than 0.1 s.", 1, 0)]


async def test_a_handlers_own_savepoint_keeps_the_rest(transport: Transport) -> None:
    subscriber = transport.subscriber()

    @subscriber.on_credit_locked
    async def try_twice(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        async with undone(context.connection):
            await transport.write(context.connection, 99)
        async with context.connection.transaction():
            await transport.write(context.connection, event.payload.locked_credits)

    await subscriber.register()
    await publish(transport.connection, locked(1), locked(2))
    assert await subscriber.drain() == DrainResult(delivered=2)
    assert await transport.effects() == [1, 2]


# later events of a failed key


async def test_later_events_of_a_failed_key_may_be_held_back(
    transport: Transport, clock: ManualClock
) -> None:
    subscriber = transport.subscriber(clock=clock, retry=LATER, hold_back=True, batch_size=3)
    trouble = Trouble(transport, subscriber, 2, LookupError())
    await subscriber.register()
    lesson, other = str(locked().lesson_id), str(locked().lesson_id)
    lessons = [lesson, lesson, lesson, other, lesson]
    await publish(transport.connection, *(locked(n + 1, lesson=each) for n, each in enumerate(lessons)))
    assert await subscriber.drain() == DrainResult(delivered=2, retried=1, held=2)
    assert await transport.effects() == [1, 4]
    assert [state for state, _, _ in await transport.waiting()] == ["retrying", "held", "held"]
    trouble.broken = False
    clock.advance(seconds=2000)
    assert await subscriber.drain() == DrainResult(delivered=3)
    assert await transport.effects() == [1, 4, 2, 3, 5]
    assert await transport.waiting() == []


async def test_what_is_held_back_waits_for_a_dead_letter_too(transport: Transport) -> None:
    subscriber = transport.subscriber(hold_back=True)
    trouble = Trouble(transport, subscriber, 1, LookupError())
    await subscriber.register()
    lesson = str(locked().lesson_id)
    await publish(transport.connection, locked(1, lesson=lesson), locked(2, lesson=lesson))
    assert await subscriber.drain() == DrainResult(retried=2, dead=1, held=1)
    await publish(transport.connection, locked(3, lesson=lesson))
    assert await subscriber.drain() == DrainResult(held=1)
    trouble.broken = False
    assert await transport.replay(DeadLetterFilter()) == 1
    assert await subscriber.drain() == DrainResult(delivered=3)
    assert await transport.effects() == [1, 2, 3]


async def test_what_is_held_back_goes_on_after_a_discard(transport: Transport) -> None:
    subscriber = transport.subscriber(hold_back=True)
    Trouble(transport, subscriber, 1, LookupError())
    await subscriber.register()
    lesson = str(locked().lesson_id)
    await publish(transport.connection, locked(1, lesson=lesson), locked(2, lesson=lesson))
    assert await subscriber.drain() == DrainResult(retried=2, dead=1, held=1)
    assert await transport.discard(DeadLetterFilter()) == 1
    assert await subscriber.drain() == DrainResult(delivered=1)
    assert await transport.effects() == [2]


async def test_registered_again_from_the_beginning_an_event_comes_by_the_log_alone(
    transport: Transport,
) -> None:
    """Its retry would be a second effect."""
    subscriber = transport.subscriber(retry=LATER)
    trouble = Trouble(transport, subscriber, 1, ValueError("one"))
    await subscriber.register()
    await publish(transport.connection, locked(1))
    assert await subscriber.drain() == DrainResult(retried=1)
    trouble.broken = False
    await transport.retire()
    assert await subscriber.register("beginning")
    assert await subscriber.drain() == DrainResult(delivered=1)
    later = transport.subscriber(clock=ManualClock(datetime.now(UTC) + timedelta(hours=1)))
    Trouble(transport, later, 0, ValueError("none"))
    assert await later.drain() == DrainResult()
    assert await transport.effects() == [1]
