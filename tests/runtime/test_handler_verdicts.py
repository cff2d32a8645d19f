"""What a handler may raise to say what becomes of an event, how long it may take, and what waits for it."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from deliveries_kit import (
    LATER,
    NO_WAIT,
    create_effects,
    failures,
    locked,
    numbers,
    publish,
    sales,
    write_effect,
)
from sample_contracts import CreditLockedV1, Event
from sguild_dispatcher.database import Connection
from sguild_dispatcher.dead_letters import DeadLetterFilter, DeadLetters
from sguild_dispatcher.subscriber import DeadLetter, Discard, DrainResult, HandlerContext, Retry

AUDIT = """
    select entry.action, entry.domain, entry.name, entry.actor, entry.reason, event.event_type
    from sguild_dispatcher.audit_entry as entry
    join sguild_dispatcher.audit_event as event on event.entry_id = entry.id
"""


@pytest.fixture
async def database(connection: Connection) -> Connection:
    await create_effects(connection)
    return connection


async def test_a_discarded_event_has_no_effect_and_the_audit_knows_why(
    database: Connection, dsn: str
) -> None:
    subscriber = sales(dsn)

    @subscriber.on_credit_locked
    async def discard_two(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        await write_effect(event, context)
        if event.payload.locked_credits == 2:
            raise Discard("the lead was merged")

    await subscriber.register()
    await publish(database, locked(1), locked(2), locked(3))
    assert await subscriber.drain() == DrainResult(delivered=2, discarded=1)
    assert await numbers(database) == [1, 3]
    assert await failures(database) == []
    [audit] = await database.fetch(AUDIT)
    assert tuple(audit) == ("discard", "sales", "crm", "handler", "the lead was merged", "credit.locked")


async def test_a_handler_may_give_an_event_to_people_at_once(database: Connection, dsn: str) -> None:
    subscriber = sales(dsn)
    attempts = 0

    @subscriber.on_credit_locked
    async def reject(_event: Event[CreditLockedV1], _context: HandlerContext) -> None:
        nonlocal attempts
        attempts += 1
        raise DeadLetter("no such account")

    await subscriber.register()
    await publish(database, locked(1))
    assert await subscriber.drain() == DrainResult(dead=1)
    [letter] = await failures(database)
    assert (letter["reason"], letter["detail"]) == ("handler_rejected", "DeadLetter: no such account")
    assert (letter["state"], letter["attempts"]) == ("dead", 1)
    # Once in the whole batch, and once when the batch was done again with savepoints.
    assert attempts == 2


@pytest.mark.parametrize("after", [60, timedelta(minutes=1)])
async def test_a_handler_may_say_when_to_try_again(
    database: Connection, dsn: str, after: float | timedelta
) -> None:
    moment = datetime(2026, 7, 1, tzinfo=UTC)
    subscriber = sales(dsn, clock=lambda: moment, retry=LATER)

    @subscriber.on_credit_locked
    async def ask_again(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        if context.attempt == 1:
            raise Retry("the ledger is closed", after=after)
        await write_effect(event, context)

    await subscriber.register()
    await publish(database, locked(1))
    assert await subscriber.drain() == DrainResult(retried=1)
    [waiting] = await failures(database)
    assert waiting["next_attempt_at"] == moment + timedelta(minutes=1)
    assert waiting["detail"] == "Retry: the ledger is closed"
    moment += timedelta(seconds=59)
    assert await subscriber.drain() == DrainResult()
    moment += timedelta(seconds=1)
    assert await subscriber.drain() == DrainResult(delivered=1)
    assert await numbers(database) == [1]


async def test_a_wait_that_a_handler_asks_for_is_an_attempt_too(database: Connection, dsn: str) -> None:
    subscriber = sales(dsn, retry=NO_WAIT)

    @subscriber.on_credit_locked
    async def never_ready(_event: Event[CreditLockedV1], _context: HandlerContext) -> None:
        raise Retry(after=0)

    await subscriber.register()
    await publish(database, locked(1))
    assert await subscriber.drain() == DrainResult(retried=2, dead=1)


@pytest.mark.parametrize("leased", [False, True])
async def test_a_handler_that_takes_too_long_has_failed(
    database: Connection, dsn: str, *, leased: bool
) -> None:
    subscriber = sales(dsn, retry=LATER)
    place = subscriber.leased(timeout=0.1) if leased else subscriber.transactional(timeout=0.1)

    @place.on_credit_locked
    async def hang_at_two(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        if event.payload.locked_credits == 2:
            await asyncio.sleep(60)
        if not leased:
            await write_effect(event, context)

    await subscriber.register()
    await publish(database, locked(1), locked(2), locked(3))
    assert await subscriber.drain() == DrainResult(delivered=2, retried=1)
    [waiting] = await failures(database)
    assert waiting["reason"] == "handler_timeout"
    assert waiting["detail"] == "The handler took longer than 0.1 s."
    assert leased or await numbers(database) == [1, 3]


async def test_a_query_that_takes_too_long_is_undone(database: Connection, dsn: str) -> None:
    subscriber = sales(dsn, retry=NO_WAIT)

    @subscriber.transactional(timeout=0.2).on_credit_locked
    async def sleep_in_the_server(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        await write_effect(event, context)
        if event.payload.locked_credits == 2:
            await context.connection.execute("select pg_sleep(60)")

    await subscriber.register()
    await publish(database, locked(1), locked(2), locked(3))
    assert await subscriber.drain() == DrainResult(delivered=2, retried=2, dead=1)
    assert await numbers(database) == [1, 3]


async def test_later_events_of_a_failed_key_may_be_held_back(database: Connection, dsn: str) -> None:
    moment = datetime(2026, 7, 1, tzinfo=UTC)
    subscriber = sales(dsn, clock=lambda: moment, retry=LATER, hold_back=True, batch_size=3)
    broken = True

    @subscriber.on_credit_locked
    async def fail_at_two(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        if event.payload.locked_credits == 2 and broken:
            raise LookupError
        await write_effect(event, context)

    await subscriber.register()
    lesson, other = str(locked().lesson_id), str(locked().lesson_id)
    await publish(
        database,
        locked(1, lesson=lesson),
        locked(2, lesson=lesson),
        locked(3, lesson=lesson),
        locked(4, lesson=other),
        locked(5, lesson=lesson),
    )
    assert await subscriber.drain() == DrainResult(delivered=2, retried=1, held=2)
    assert await numbers(database) == [1, 4]
    broken = False
    moment += timedelta(seconds=2000)
    assert await subscriber.drain() == DrainResult(delivered=3)
    assert await numbers(database) == [1, 4, 2, 3, 5]
    assert await failures(database) == []


async def test_what_is_held_back_waits_for_a_dead_letter_too(database: Connection, dsn: str) -> None:
    subscriber = sales(dsn, hold_back=True)
    broken = True

    @subscriber.on_credit_locked
    async def fail_at_one(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        if event.payload.locked_credits == 1 and broken:
            raise LookupError
        await write_effect(event, context)

    await subscriber.register()
    lesson = str(locked().lesson_id)
    await publish(database, locked(1, lesson=lesson), locked(2, lesson=lesson))
    assert await subscriber.drain() == DrainResult(retried=2, dead=1, held=1)
    await publish(database, locked(3, lesson=lesson))
    assert await subscriber.drain() == DrainResult(held=1)
    broken = False
    await DeadLetters(dsn).replay(DeadLetterFilter(), actor="ada", reason="mended")
    assert await subscriber.drain() == DrainResult(delivered=3)
    assert await numbers(database) == [1, 2, 3]


async def test_what_is_held_back_goes_on_after_a_discard(database: Connection, dsn: str) -> None:
    subscriber = sales(dsn, hold_back=True)

    @subscriber.on_credit_locked
    async def fail_at_one(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        if event.payload.locked_credits == 1:
            raise LookupError
        await write_effect(event, context)

    await subscriber.register()
    lesson = str(locked().lesson_id)
    await publish(database, locked(1, lesson=lesson), locked(2, lesson=lesson), locked(3, lesson=lesson))
    assert await subscriber.drain() == DrainResult(retried=2, dead=1, held=2)
    await DeadLetters(dsn).discard(DeadLetterFilter(), actor="ada", reason="never mind")
    assert await subscriber.drain() == DrainResult(delivered=2)
    assert await numbers(database) == [2, 3]


async def test_without_the_option_later_events_of_a_failed_key_go_on(database: Connection, dsn: str) -> None:
    subscriber = sales(dsn, retry=LATER)

    @subscriber.on_credit_locked
    async def fail_at_one(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        if event.payload.locked_credits == 1:
            raise LookupError
        await write_effect(event, context)

    await subscriber.register()
    lesson = str(locked().lesson_id)
    await publish(database, locked(1, lesson=lesson), locked(2, lesson=lesson))
    assert await subscriber.drain() == DrainResult(delivered=1, retried=1)
    assert await numbers(database) == [2]
