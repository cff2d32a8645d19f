import asyncio
import logging
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from deliveries_kit import (
    KEYRING,
    NO_WAIT,
    create_effects,
    failures,
    locked,
    numbers,
    publish,
    publisher,
    recording,
    sales,
    until,
    write_effect,
)
from sample_contracts import CreditAccountId, CreditLockedV1, CreditReleasedV2, Event, PersonId
from sguild_dispatcher.context import current_context, request_context
from sguild_dispatcher.database import Connection
from sguild_dispatcher.delivery import place
from sguild_dispatcher.errors import DuplicateHandlerError
from sguild_dispatcher.subscriber import DrainResult, HandlerContext
from sguild_dispatcher.transport.interface import Page
from sguild_dispatcher.transport.postgres import PostgresSession

SKIP = "select nextval('sguild_dispatcher.event_log_seq_seq') from generate_series(1, $1)"


@pytest.fixture
async def database(connection: Connection) -> Connection:
    await create_effects(connection)
    return connection


async def test_a_registered_subscriber_gets_each_event_once(database: Connection, dsn: str) -> None:
    subscriber = sales(dsn)
    recording(subscriber)
    await subscriber.register()
    await publish(database, locked(1), locked(2))
    assert await subscriber.drain() == DrainResult(delivered=2)
    await publish(database, locked(3))
    assert await subscriber.drain() == DrainResult(delivered=1)
    assert await subscriber.drain() == DrainResult()
    assert await numbers(database) == [1, 2, 3]


async def test_two_names_each_get_everything(database: Connection, dsn: str) -> None:
    for name in ("crm", "mail"):
        subscriber = sales(dsn, name)
        recording(subscriber)
        await subscriber.register()
    await publish(database, locked(1))
    for name in ("crm", "mail"):
        subscriber = sales(dsn, name)
        recording(subscriber)
        assert await subscriber.drain() == DrainResult(delivered=1)
    assert await numbers(database) == [1, 1]


async def test_from_now_leaves_out_what_was_published_before(database: Connection, dsn: str) -> None:
    subscriber = sales(dsn)
    recording(subscriber)
    await publish(database, locked(1))
    assert await subscriber.register("now")
    assert not await subscriber.register("beginning")
    await publish(database, locked(2))
    await subscriber.drain()
    assert await numbers(database) == [2]


async def test_a_late_commit_is_neither_lost_nor_delivered_twice(database: Connection, dsn: str) -> None:
    subscriber = sales(dsn)
    recording(subscriber)
    await subscriber.register()
    late = await asyncpg.connect(dsn)
    transaction = late.transaction()
    await transaction.start()
    await publish(late, locked(1))
    await publish(database, locked(2))
    await subscriber.drain()
    await publish(database, locked(3))
    await subscriber.drain()
    assert await numbers(database) == [2, 3]
    await transaction.commit()
    await late.close()
    assert await subscriber.drain() == DrainResult(delivered=1)
    assert await subscriber.drain() == DrainResult()
    assert await numbers(database) == [2, 3, 1]


@pytest.mark.parametrize("late_is_last", [False, True])
async def test_a_late_commit_inside_a_window_is_delivered_once(
    database: Connection, dsn: str, *, late_is_last: bool
) -> None:
    """The window is frozen while the late transaction is open, and paged after it committed."""
    subscriber = sales(dsn, batch_size=2)
    late = await asyncpg.connect(dsn)
    transaction = late.transaction()
    committed = False

    @subscriber.on_credit_locked
    async def record(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        nonlocal committed
        await write_effect(event, context)
        if event.payload.locked_credits == 4 and not committed:
            committed = True
            await transaction.commit()

    await subscriber.register()
    await publish(database, locked(1), locked(2), locked(3))
    await transaction.start()
    if not late_is_last:
        await publish(late, locked(10))
    await publish(database, locked(4), locked(5), locked(6), locked(7))
    if late_is_last:
        await publish(late, locked(10))
    assert await subscriber.drain() == DrainResult(delivered=8)
    await late.close()
    assert sorted(await numbers(database)) == [1, 2, 3, 4, 5, 6, 7, 10]


@pytest.mark.parametrize("batch_size", [1, 2, 3, 7, 14, 15])
async def test_pages_of_every_size_deliver_all_in_order(
    database: Connection, dsn: str, batch_size: int
) -> None:
    subscriber = sales(dsn, batch_size=batch_size)
    recording(subscriber)
    await subscriber.register()
    for start in range(0, 14, 2):
        await publish(database, locked(start + 1), locked(start + 2))
    assert await subscriber.drain() == DrainResult(delivered=14)
    assert await numbers(database) == list(range(1, 15))


@pytest.mark.parametrize("batch_size", [1, 2, 3])
async def test_a_window_with_wide_gaps_is_delivered_to_its_end(
    database: Connection, dsn: str, batch_size: int
) -> None:
    """What was rolled back, and what others read, lies between the events; after the window more follow."""
    subscriber = sales(dsn, batch_size=batch_size)
    recording(subscriber)
    await subscriber.register()
    for number, gap in enumerate((1, 4, 300, 2, 2, 50, 1000, 1), start=1):
        await publish(database, locked(number))
        await database.execute(SKIP, gap)
    late = await asyncpg.connect(dsn)
    async with late.transaction():
        await publish(late, locked(9))
        await publish(database, locked(10))
        assert await subscriber.drain() == DrainResult(delivered=9)
    await late.close()
    assert await subscriber.drain() == DrainResult(delivered=1)
    assert await numbers(database) == [*range(1, 9), 10, 9]


@pytest.mark.parametrize("batch_size", [1, 2, 500])
async def test_events_of_one_key_keep_the_order_of_the_log(
    database: Connection, dsn: str, batch_size: int
) -> None:
    """Transactions that overlap commit in another order than they drew their numbers and ids in."""
    subscriber = sales(dsn, batch_size=batch_size)
    recording(subscriber)
    await subscriber.register()
    lesson = str(locked().lesson_id)
    other = await asyncpg.connect(dsn)
    outer = other.transaction()
    await outer.start()
    await other.fetchval("select pg_current_xact_id()")
    await publish(database, locked(1, lesson=lesson))
    await publish(other, locked(2, lesson=lesson))
    await publish(database, locked(3, lesson=lesson))
    await outer.commit()
    await other.close()
    await subscriber.drain()
    assert await numbers(database) == [1, 2, 3]


async def test_a_handler_sees_the_events_it_publishes_itself(
    database: Connection, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another transaction commits between the start of the batch and its fetch, which must hide nothing."""
    subscriber = sales(dsn)

    @subscriber.on_credit_locked
    async def chain(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        await write_effect(event, context)
        if event.payload.locked_credits < 4:
            await publisher().credit_locked(context.connection, locked(event.payload.locked_credits + 1))

    fetch_page = PostgresSession.fetch_page

    async def fetch_after_a_commit(*arguments: Any, **options: Any) -> Page:
        if len(await numbers(database)) < 3:
            await publish(database, locked(9))
        return await fetch_page(*arguments, **options)

    monkeypatch.setattr(PostgresSession, "fetch_page", fetch_after_a_commit)
    await subscriber.register()
    await publish(database, locked(1))
    await subscriber.drain()
    assert [each for each in await numbers(database) if each != 9] == [1, 2, 3, 4]


async def test_events_published_in_a_handler_inherit_tenant_correlation_and_trace(
    database: Connection, dsn: str
) -> None:
    subscriber = sales(dsn)
    seen = []

    @subscriber.on_credit_locked
    async def chain(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        seen.append((event.tenant_id, event.correlation_id, event.actor, current_context()))
        if event.payload.locked_credits == 1:
            await publisher().credit_locked(context.connection, locked(2))

    await subscriber.register()
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    with request_context(actor="system:operations", trace_context=trace):
        [first] = await publish(database, locked(1))
        await subscriber.drain()
    assert [(tenant, str(correlation)) for tenant, correlation, _, _ in seen] == [("tenant-1", first)] * 2
    assert [context.correlation_id for *_, context in seen] == [first, first]
    # What surrounds the worker is no concern of its handlers.
    assert [context.actor for *_, context in seen] == [None, None]
    assert [context.trace_context for *_, context in seen] == [trace, trace]
    assert current_context().tenant_id is None


async def test_a_handler_learns_which_event_and_attempt_it_is_called_for(
    database: Connection, dsn: str
) -> None:
    subscriber = sales(dsn)
    contexts: list[HandlerContext] = []

    @subscriber.on_credit_locked
    async def look(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        assert type(event.payload) is CreditLockedV1
        contexts.append(context)

    await subscriber.register()
    [event_id] = await publish(database, locked(1))
    await subscriber.drain()
    [context] = contexts
    assert (context.subscriber, context.event_id, context.event_type) == (
        "sales/crm",
        event_id,
        "credit.locked",
    )
    assert (context.attempt, context.replays) == (1, 0)


async def test_types_without_a_handler_are_passed_over_and_listed(
    database: Connection, dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    subscriber = sales(dsn)
    recording(subscriber)
    await subscriber.register()
    released = CreditReleasedV2(
        credit_account_id=CreditAccountId.mint(), person_id=PersonId.mint(), automatic=False
    )
    await publish(database, locked(1), released)
    with caplog.at_level(logging.INFO):
        assert await subscriber.drain() == DrainResult(delivered=1, passed_over=1)
    assert "sales/crm has no handler for credit.released, tally.closed" in caplog.text
    assert await failures(database) == []


async def test_event_types_of_others_are_never_fetched(database: Connection, dsn: str) -> None:
    subscriber = sales(dsn)
    recording(subscriber)
    await subscriber.register()
    await publish(database, locked(1))
    await database.execute("update sguild_dispatcher.event_log set event_type = 'lead.created'")
    assert await subscriber.drain() == DrainResult()


async def test_an_idle_subscriber_says_that_it_lives_and_writes_nothing_else(
    database: Connection, dsn: str
) -> None:
    subscriber = sales(dsn)
    recording(subscriber)
    await subscriber.register()
    await publish(database, locked(1))
    await subscriber.drain()
    rows = "select version, moved_at from sguild_dispatcher.cursor"
    before = await database.fetch(rows)
    transactions = await database.fetchval("select pg_current_xact_id()::text::bigint")
    task = asyncio.create_task(subscriber.run())
    await asyncio.sleep(0.5)
    await subscriber.stop()
    await task
    assert await database.fetch(rows) == before
    # Among the looks at the log are some signs of life, a start, an end, and this question: no look writes.
    assert await database.fetchval("select pg_current_xact_id()::text::bigint") < transactions + 12


async def test_a_cursor_moves_past_ignored_types_once_for_the_sake_of_retention(
    database: Connection, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, "IDLE_MOVE_SECONDS", 0)
    subscriber = sales(dsn)
    recording(subscriber)
    await subscriber.register()
    await publish(database, locked(1))
    await database.execute("update sguild_dispatcher.event_log set event_type = 'lead.created'")
    task = asyncio.create_task(subscriber.run())

    async def moved() -> bool:
        return bool(await database.fetchval("select max(version) = 2 from sguild_dispatcher.cursor"))

    await until(moved)
    await asyncio.sleep(0.3)
    assert await moved()
    await subscriber.stop()
    await task


async def test_cursor_rows_are_pruned(database: Connection, dsn: str) -> None:
    subscriber = sales(dsn, batch_size=1)
    recording(subscriber)
    await subscriber.register()
    await publish(database, *(locked(each + 1) for each in range(130)))
    await subscriber.drain()
    assert len(await numbers(database)) == 130
    assert await database.fetchval("select count(*) from sguild_dispatcher.cursor") < 50


async def test_a_second_handler_is_refused_when_decorated(dsn: str) -> None:
    subscriber = sales(dsn)
    recording(subscriber)
    with pytest.raises(
        DuplicateHandlerError, match=r"credit\.locked has two handlers, recording\.<locals>\.record"
    ):
        recording(subscriber)


async def test_a_pool_may_lend_the_connection(database: Connection, dsn: str) -> None:
    async with asyncpg.create_pool(dsn, min_size=0) as pool:
        subscriber = sales(dsn, connections=pool)
        recording(subscriber)
        await subscriber.register()
        await publish(database, locked(1))
        assert await subscriber.drain() == DrainResult(delivered=1)
        assert await subscriber.drain() == DrainResult()
        assert pool.get_idle_size() == pool.get_size()
        async with pool.acquire() as connection:
            assert await connection.fetchval("select count(*) from pg_locks where locktype = 'advisory'") == 0


async def test_environment_variables_are_enough(
    database: Connection, dsn: str, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from deliveries_kit import SalesSubscriber

    path = tmp_path_factory.mktemp("keys") / "keyring.json"
    KEYRING.to_file(path)
    monkeypatch.setenv("SGUILD_DISPATCHER_DSN", dsn)
    monkeypatch.setenv("SGUILD_DISPATCHER_KEYRING", str(path))
    subscriber = SalesSubscriber(name="crm")
    recording(subscriber)
    await subscriber.register()
    await publish(database, locked(1))
    assert await subscriber.drain() == DrainResult(delivered=1)


def test_no_wait_is_what_it_says() -> None:
    delay = NO_WAIT.delay(1)
    assert delay is not None
    assert datetime.now(UTC) + delay <= datetime.now(UTC)
