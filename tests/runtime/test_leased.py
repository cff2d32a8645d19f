"""Handlers that call out: no transaction is open around them, and the inbox keeps duplicates away."""

import asyncio
import threading
from datetime import UTC, datetime, timedelta

import pytest

from deliveries_kit import (
    LATER,
    SalesSubscriber,
    create_effects,
    failures,
    locked,
    numbers,
    publish,
    sales,
    until,
    write_effect,
)
from sample_contracts import CreditAccountId, CreditLockedV1, CreditReleasedV2, Event, PersonId
from sguild_dispatcher.context import current_context
from sguild_dispatcher.database import Connection
from sguild_dispatcher.errors import ConfigurationError, NoTransactionError
from sguild_dispatcher.subscriber import Discard, DrainResult, HandlerContext

OPEN_TRANSACTIONS = """
    select count(*) from pg_stat_activity
    where datname = current_database() and xact_start is not null and pid <> pg_backend_pid()
"""
REWIND = """
    insert into sguild_dispatcher.cursor (subscription_id, domain, partition, version, generation, done)
    select subscription_id, domain, partition, max(version) + 1, 1, '3:3:' from sguild_dispatcher.cursor group
    by 1, 2, 3
"""


@pytest.fixture
async def database(connection: Connection) -> Connection:
    await create_effects(connection)
    return connection


def released() -> CreditReleasedV2:
    return CreditReleasedV2(
        credit_account_id=CreditAccountId.mint(), person_id=PersonId.mint(), automatic=False
    )


async def test_no_transaction_is_open_while_the_handler_runs(database: Connection, dsn: str) -> None:
    subscriber = sales(dsn)
    seen: list[int] = []

    @subscriber.leased().on_credit_locked
    async def look(_event: Event[CreditLockedV1], context: HandlerContext) -> None:
        seen.append(await database.fetchval(OPEN_TRANSACTIONS))
        with pytest.raises(NoTransactionError, match=r"is leased: no transaction is open around it"):
            _ = context.connection

    await subscriber.register()
    await publish(database, locked(1), locked(2))
    assert await subscriber.drain() == DrainResult(delivered=2)
    assert seen == [0, 0]
    assert await database.fetchval("select count(*) from sguild_dispatcher.inbox") == 2


async def test_what_the_inbox_has_is_not_delivered_again(database: Connection, dsn: str) -> None:
    subscriber = sales(dsn)
    called: list[int] = []

    @subscriber.leased().on_credit_locked
    async def call(event: Event[CreditLockedV1], _context: HandlerContext) -> None:
        called.append(event.payload.locked_credits)

    await subscriber.register()
    await publish(database, locked(1), locked(2), locked(3))
    await subscriber.drain()
    await database.execute("delete from sguild_dispatcher.inbox where event_id = $1", await second(database))
    await database.execute(REWIND)
    assert await subscriber.drain() == DrainResult(delivered=1, duplicates=2)
    assert called == [1, 2, 3, 2]


async def second(database: Connection) -> str:
    identifier: str = await database.fetchval(
        "select event_id from sguild_dispatcher.event_log order by seq offset 1 limit 1"
    )
    return identifier


async def test_leased_and_transactional_handlers_keep_the_order_of_the_log(
    database: Connection, dsn: str
) -> None:
    subscriber = sales(dsn, batch_size=4)
    done: list[str] = []

    @subscriber.on_credit_locked
    async def write(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        done.append(f"locked {event.payload.locked_credits}")
        await write_effect(event, context)

    @subscriber.leased().on_credit_released
    async def call(_event: Event[CreditReleasedV2], _context: HandlerContext) -> None:
        # What came before is committed.
        done.append(f"released after {len(await numbers(database))}")

    await subscriber.register()
    await publish(database, locked(1), locked(2), released(), locked(3), released(), released(), locked(4))
    assert await subscriber.drain() == DrainResult(delivered=7)
    assert done == [
        "locked 1",
        "locked 2",
        "released after 2",
        "locked 3",
        "released after 3",
        "released after 3",
        "locked 4",
    ]


async def test_a_transactional_handler_beside_a_leased_one_still_happens_once(
    database: Connection, dsn: str
) -> None:
    subscriber = sales(dsn)
    subscriber.on_credit_locked(write_effect)

    @subscriber.leased().on_credit_released
    async def call(_event: Event[CreditReleasedV2], _context: HandlerContext) -> None: ...

    await subscriber.register()
    await publish(database, locked(1), released(), locked(2))
    await subscriber.drain()
    await database.execute(REWIND)
    assert await subscriber.drain() == DrainResult(duplicates=3)
    assert await numbers(database) == [1, 2]


async def test_a_failure_waits_and_is_tried_again_without_a_transaction(
    database: Connection, dsn: str
) -> None:
    moment = datetime(2026, 7, 1, tzinfo=UTC)
    subscriber = sales(dsn, clock=lambda: moment, retry=LATER)
    attempts: list[tuple[int, int, int]] = []

    @subscriber.leased().on_credit_locked
    async def fail_once(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        transactions = await database.fetchval(OPEN_TRANSACTIONS)
        attempts.append((event.payload.locked_credits, context.attempt, transactions))
        if event.payload.locked_credits == 2 and context.attempt == 1:
            raise LookupError

    await subscriber.register()
    await publish(database, locked(1), locked(2), locked(3))
    assert await subscriber.drain() == DrainResult(delivered=2, retried=1)
    assert attempts == [(1, 1, 0), (2, 1, 0), (3, 1, 0)]
    moment += timedelta(seconds=2000)
    assert await subscriber.drain() == DrainResult(delivered=1)
    assert attempts[3:] == [(2, 2, 0)]
    assert await failures(database) == []
    await database.execute(REWIND)
    assert await subscriber.drain() == DrainResult(duplicates=3)


async def test_a_process_that_dies_in_every_attempt_does_not_try_for_ever(
    database: Connection, dsn: str
) -> None:
    subscriber = sales(dsn)

    @subscriber.leased().on_credit_locked
    async def fail(_event: Event[CreditLockedV1], _context: HandlerContext) -> None:
        raise LookupError

    await subscriber.register()
    await publish(database, locked(1))
    assert await subscriber.drain() == DrainResult(retried=2, dead=1)
    # As an attempt leaves it that began and never ended.
    await database.execute(
        "update sguild_dispatcher.failed_delivery "
        "set state = 'retrying', next_attempt_at = now(), attempts = 3"
    )
    assert await subscriber.drain() == DrainResult(dead=1)
    [letter] = await failures(database)
    assert letter["detail"] == "The process ended during the last attempt."


async def test_a_plain_function_runs_in_a_thread_with_the_context_of_its_event(
    database: Connection, dsn: str
) -> None:
    subscriber = sales(dsn)
    seen: list[tuple[bool, str | None]] = []

    def call(_event: Event[CreditLockedV1], _context: HandlerContext) -> None:
        seen.append((threading.current_thread() is threading.main_thread(), current_context().tenant_id))

    subscriber.leased()._handle(call, "credit.locked", 1)
    await subscriber.register()
    await publish(database, locked(1))
    assert await subscriber.drain() == DrainResult(delivered=1)
    assert seen == [(False, "tenant-1")]


async def test_a_plain_function_is_no_transactional_handler(dsn: str) -> None:
    def call(_event: Event[CreditLockedV1], _context: HandlerContext) -> None: ...

    with pytest.raises(ConfigurationError, match=r"of credit\.locked version 1 is not `async def`: "):
        sales(dsn)._handle(call, "credit.locked", 1)


async def test_a_discard_is_final(database: Connection, dsn: str) -> None:
    subscriber = sales(dsn)

    @subscriber.leased().on_credit_locked
    async def discard(_event: Event[CreditLockedV1], _context: HandlerContext) -> None:
        raise Discard("not ours")

    await subscriber.register()
    await publish(database, locked(1))
    assert await subscriber.drain() == DrainResult(discarded=1)
    await database.execute(REWIND)
    assert await subscriber.drain() == DrainResult(duplicates=1)


async def test_later_events_of_a_failed_key_may_be_held_back(database: Connection, dsn: str) -> None:
    moment = datetime(2026, 7, 1, tzinfo=UTC)
    subscriber = sales(dsn, clock=lambda: moment, retry=LATER, hold_back=True)
    called: list[int] = []

    @subscriber.leased().on_credit_locked
    async def fail_first(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        if event.payload.locked_credits == 1 and context.attempt == 1:
            raise LookupError
        called.append(event.payload.locked_credits)

    await subscriber.register()
    lesson = str(locked().lesson_id)
    await publish(database, locked(1, lesson=lesson), locked(2, lesson=lesson), locked(3))
    assert await subscriber.drain() == DrainResult(delivered=1, retried=1, held=1)
    moment += timedelta(seconds=2000)
    assert await subscriber.drain() == DrainResult(delivered=2)
    assert called == [3, 1, 2]


async def test_the_lease_is_renewed_while_a_handler_runs(database: Connection, dsn: str) -> None:
    subscriber, other = sales(dsn), sales(dsn)
    calls = 0

    def takes_long(of: SalesSubscriber) -> None:
        @of.leased().on_credit_locked
        async def call(_event: Event[CreditLockedV1], _context: HandlerContext) -> None:
            nonlocal calls
            calls += 1
            await asyncio.sleep(2.5)

    takes_long(subscriber)
    takes_long(other)
    await subscriber.register()
    await publish(database, locked(1))
    tasks = [asyncio.create_task(each.run()) for each in (subscriber, other)]

    async def done() -> bool:
        return bool(await database.fetchval("select count(*) from sguild_dispatcher.inbox"))

    await until(done)
    for each in (subscriber, other):
        await each.stop()
    await asyncio.gather(*tasks)
    assert calls == 1
