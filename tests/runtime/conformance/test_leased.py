"""Handlers without a transaction around them: at least once, and the inbox keeps duplicates away."""

import asyncio
import threading
from datetime import timedelta

import pytest

from conformance_kit import Transport, undone
from deliveries_kit import LATER, SalesSubscriber, locked, publish
from sample_contracts import CreditAccountId, CreditLockedV1, CreditReleasedV2, Event, PersonId
from sguild_dispatcher.errors import NotInTransactionError, NoTransactionError
from sguild_dispatcher.retries import RetryPolicy
from sguild_dispatcher.subscriber import DeadLetter, Discard, DrainResult, HandlerContext
from sguild_dispatcher.testing.clock import ManualClock
from sguild_dispatcher.transport.interface import Cursor


def released() -> CreditReleasedV2:
    return CreditReleasedV2(
        credit_account_id=CreditAccountId.mint(), person_id=PersonId.mint(), automatic=False
    )


def calling(subscriber: SalesSubscriber) -> list[int]:
    """Register a leased handler, and return the numbers that it is called for."""
    called: list[int] = []

    @subscriber.leased().on_credit_locked
    async def call(event: Event[CreditLockedV1], _context: HandlerContext) -> None:
        called.append(event.payload.locked_credits)

    return called


async def test_a_leased_handler_has_no_transaction(transport: Transport) -> None:
    subscriber = transport.subscriber()
    seen: list[int] = []

    @subscriber.leased().on_credit_locked
    async def look(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        seen.append(event.payload.locked_credits)
        with pytest.raises(NoTransactionError, match="is leased"):
            _ = context.connection

    await subscriber.register()
    await publish(transport.connection, locked(1), locked(2))
    assert await subscriber.drain() == DrainResult(delivered=2)
    assert seen == [1, 2]


async def test_what_the_inbox_has_is_not_delivered_again(transport: Transport) -> None:
    subscriber = transport.subscriber()
    called = calling(subscriber)
    await subscriber.register()
    await publish(transport.connection, locked(1), locked(2))
    await subscriber.drain()
    await transport.retire()
    await subscriber.register()
    await publish(transport.connection, locked(3))
    assert await subscriber.drain() == DrainResult(delivered=1, duplicates=2)
    assert called == [1, 2, 3]


async def test_a_worker_that_ends_within_a_page_repeats_nothing_that_was_noted(transport: Transport) -> None:
    subscriber = transport.subscriber()
    called: list[int] = []

    @subscriber.leased().on_credit_locked
    async def hang_once(event: Event[CreditLockedV1], _context: HandlerContext) -> None:
        called.append(event.payload.locked_credits)
        if called == [1, 2]:
            await asyncio.sleep(60)

    await subscriber.register()
    await publish(transport.connection, locked(1), locked(2), locked(3))
    running = asyncio.create_task(subscriber.run())
    async with asyncio.timeout(30):
        while called != [1, 2]:  # noqa: ASYNC110 - the handler is the worker's
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert await subscriber.drain() == DrainResult(delivered=2, duplicates=1)
    assert called == [1, 2, 2, 3]


async def test_leased_and_transactional_handlers_keep_the_order_of_the_log(transport: Transport) -> None:
    subscriber = transport.subscriber(batch_size=4)
    done: list[str] = []

    @subscriber.on_credit_locked
    async def write(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        done.append(f"locked {event.payload.locked_credits}")
        await transport.write(context.connection, event.payload.locked_credits)

    @subscriber.leased().on_credit_released
    async def call(_event: Event[CreditReleasedV2], _context: HandlerContext) -> None:
        done.append(f"released after {len(await transport.effects())}")

    await subscriber.register()
    await publish(transport.connection, locked(1), locked(2), released(), locked(3), released(), locked(4))
    assert await subscriber.drain() == DrainResult(delivered=6)
    assert done == ["locked 1", "locked 2", "released after 2", "locked 3", "released after 3", "locked 4"]


async def test_a_failure_is_tried_again_at_its_moment(transport: Transport, clock: ManualClock) -> None:
    subscriber = transport.subscriber(retry=LATER, clock=clock)
    attempts: list[int] = []

    @subscriber.leased().on_credit_locked
    async def second_time(_event: Event[CreditLockedV1], context: HandlerContext) -> None:
        attempts.append(context.attempt)
        if context.attempt == 1:
            raise LookupError

    await subscriber.register()
    await publish(transport.connection, locked(1))
    assert await subscriber.drain() == DrainResult(retried=1)
    clock.now += timedelta(seconds=1000)
    assert await subscriber.drain() == DrainResult(delivered=1)
    assert attempts == [1, 2]
    assert await transport.waiting() == []
    await transport.retire()
    await subscriber.register()
    assert await subscriber.drain() == DrainResult(duplicates=1)


@pytest.mark.parametrize(
    ("error", "result"),
    [
        (Discard("merged"), DrainResult(discarded=1, delivered=1)),
        (DeadLetter("no"), DrainResult(dead=1, delivered=1)),
    ],
    ids=["discard", "dead letter"],
)
async def test_a_leased_handler_may_ask_for_what_others_may(
    transport: Transport, error: Exception, result: DrainResult
) -> None:
    subscriber = transport.subscriber()

    @subscriber.leased().on_credit_locked
    async def ask(event: Event[CreditLockedV1], _context: HandlerContext) -> None:
        if event.payload.locked_credits == 1:
            raise error

    await subscriber.register()
    await publish(transport.connection, locked(1), locked(2))
    assert await subscriber.drain() == result


async def test_later_events_of_a_failed_key_may_be_held_back(
    transport: Transport, clock: ManualClock
) -> None:
    subscriber = transport.subscriber(retry=LATER, clock=clock, hold_back=True)
    done: list[int] = []

    @subscriber.leased().on_credit_locked
    async def fail_first(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        if event.payload.locked_credits == 1 and context.attempt == 1:
            raise LookupError
        done.append(event.payload.locked_credits)

    await subscriber.register()
    lesson = str(locked().lesson_id)
    await publish(transport.connection, locked(1, lesson=lesson), locked(2, lesson=lesson), locked(3))
    assert await subscriber.drain() == DrainResult(delivered=1, retried=1, held=1)
    clock.advance(seconds=1000)
    assert await subscriber.drain() == DrainResult(delivered=2)
    assert done == [3, 1, 2]


async def test_a_plain_function_runs_in_a_thread(transport: Transport) -> None:
    subscriber = transport.subscriber()
    threads: list[int] = []

    def call(_event: Event[CreditLockedV1], _context: HandlerContext) -> None:
        threads.append(threading.get_ident())

    subscriber.leased()._handle(call, "credit.locked", 1)
    await subscriber.register()
    await publish(transport.connection, locked(1))
    assert await subscriber.drain() == DrainResult(delivered=1)
    assert threads != [threading.get_ident()]


async def test_what_failed_and_is_kept_is_not_delivered_from_the_log_again(
    transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process ends after the failure is stored, and before the position is."""
    subscriber = transport.subscriber(retry=LATER)

    @subscriber.leased().on_credit_locked
    async def fail(_event: Event[CreditLockedV1], _context: HandlerContext) -> None:
        raise LookupError

    await subscriber.register()
    await publish(transport.connection, locked(1))
    with monkeypatch.context() as patch:
        patch.setattr(Cursor, "after", stop)
        with pytest.raises(EndOfProcessError):
            await subscriber.drain()
    assert await subscriber.drain() == DrainResult(duplicates=1)


class EndOfProcessError(Exception):
    """Nothing is done any more."""


def stop(*_: object) -> None:
    raise EndOfProcessError


# claims in the handler's own transaction


async def test_a_claim_lets_effects_happen_once(transport: Transport) -> None:
    """The handler ends without success after its own commit: the next attempt finds the event claimed."""
    subscriber = transport.subscriber()
    answers: list[bool] = []

    @subscriber.leased().on_credit_locked
    async def claim_and_fail(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        connection = await transport.connect()
        async with connection.transaction():
            answers.append(await context.claim(connection))
            await transport.write(connection, event.payload.locked_credits)
        raise LookupError

    await subscriber.register()
    await publish(transport.connection, locked(1))
    await subscriber.drain()
    assert await subscriber.drain() == DrainResult()
    assert answers == [True]
    assert await transport.effects() == [1]
    assert await transport.waiting() == []


async def test_a_claim_that_is_rolled_back_is_none(transport: Transport) -> None:
    subscriber = transport.subscriber()
    answers: list[bool] = []

    @subscriber.leased().on_credit_locked
    async def claim(_event: Event[CreditLockedV1], context: HandlerContext) -> None:
        connection = await transport.connect()
        async with undone(connection):
            answers.append(await context.claim(connection))
        async with connection.transaction():
            answers.extend([await context.claim(connection), await context.claim(connection)])

    await subscriber.register()
    await publish(transport.connection, locked(1))
    assert await subscriber.drain() == DrainResult(delivered=1)
    assert answers == [True, True, False]


async def test_a_second_claim_waits_for_the_first(transport: Transport) -> None:
    subscriber = transport.subscriber()
    answers: list[bool] = []

    @subscriber.leased().on_credit_locked
    async def claim_twice(_event: Event[CreditLockedV1], context: HandlerContext) -> None:
        first, second = await transport.connect(), await transport.connect()

        async def claim_second() -> None:
            async with second.transaction():
                answers.append(await context.claim(second))

        async with undone(first):
            assert await context.claim(first)
            waiting = asyncio.create_task(claim_second())
            await asyncio.sleep(0.1)
            assert answers == []
        await waiting

    await subscriber.register()
    await publish(transport.connection, locked(1))
    assert await subscriber.drain() == DrainResult(delivered=1)
    assert answers == [True]


async def test_a_function_in_a_thread_claims_without_asyncio(transport: Transport) -> None:
    subscriber = transport.subscriber()
    answers: list[object] = []

    def claim(_event: Event[CreditLockedV1], context: HandlerContext) -> None:
        with transport.connect_sync() as connection:
            with connection.transaction():
                answers.append(context.claim(connection))
            with connection.transaction():
                answers.append(context.claim(connection))
            with pytest.raises(NotInTransactionError):
                context.claim(connection)

    subscriber.leased()._handle(claim, "credit.locked", 1)
    await subscriber.register()
    await publish(transport.connection, locked(1))
    assert await subscriber.drain() == DrainResult(delivered=1)
    assert answers == [True, False]


async def test_claims_are_for_leased_handlers_on_known_connections(transport: Transport) -> None:
    subscriber = transport.subscriber(retry=RetryPolicy(max_attempts=1))

    @subscriber.leased().on_credit_locked
    async def claim(_event: Event[CreditLockedV1], context: HandlerContext) -> None:
        await context.claim(object())

    @subscriber.on_credit_released
    async def claim_too(_event: Event[CreditReleasedV2], context: HandlerContext) -> None:
        await context.claim(context.connection)

    await subscriber.register()
    await publish(transport.connection, locked(1), released())
    assert await subscriber.drain() == DrainResult(dead=2)
    details = [detail.partition(":")[0] for _, detail, _, _ in await transport.dead()]
    assert details == ["UnsupportedConnectionError", "NoTransactionError"]
