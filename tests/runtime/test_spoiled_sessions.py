"""Handlers that change the session which they share with the worker: their event fails, others go on."""

import asyncio
import logging
from typing import Any

import asyncpg
import psycopg_pool
import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from deliveries_kit import (
    SalesSubscriber,
    create_effects,
    failures,
    locked,
    numbers,
    publish,
    running,
    sales,
    until,
)
from sample_contracts import CreditLockedV1, CreditReleasedV2, Event
from sguild_dispatcher.database import Connection
from sguild_dispatcher.errors import MissingRightsError
from sguild_dispatcher.subscriber import DrainResult, HandlerContext

DAMAGES = [
    ("set local statement_timeout = '1ms'", "QueryCanceledError"),
    ("set role pg_monitor", "InsufficientPrivilegeError"),
    ("set session authorization pg_monitor", "InsufficientPrivilegeError"),
]


@pytest.fixture
async def database(connection: Connection) -> Connection:
    await create_effects(connection)
    # Longer than a statement may last that was given a millisecond.
    await connection.execute(
        "create function slow() returns trigger language plpgsql as "
        "$$ begin perform pg_sleep(0.02); return coalesce(new, old); end $$"
    )
    for table in ("cursor", "inbox", "failed_delivery"):
        await connection.execute(
            f"create trigger slow before insert or delete on sguild_dispatcher.{table} "
            "for each row execute function slow()"
        )
    return connection


def effect(event: Event[CreditLockedV1]) -> str:
    """Return the statement that writes the effect of an event, without parameters, so nothing is prepared."""
    return f"insert into effect (number) values ({event.payload.locked_credits:d})"  # noqa: S608


def damaging(subscriber: SalesSubscriber, statement: str, number: int = 2) -> list[int]:
    """Let the handler of a number run a statement, and return for which numbers it was called."""
    calls: list[int] = []

    @subscriber.on_credit_locked
    async def handle(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        calls.append(event.payload.locked_credits)
        await context.connection.execute(
            statement if event.payload.locked_credits == number else effect(event)
        )

    return calls


@pytest.mark.parametrize(("statement", "error"), DAMAGES)
@pytest.mark.parametrize("mixed", [False, True], ids=["cursor", "inbox"])
async def test_damage_that_stops_the_worker_is_the_events_own(
    database: Connection, dsn: str, statement: str, error: str, *, mixed: bool
) -> None:
    subscriber = sales(dsn)
    damaging(subscriber, statement)
    if mixed:
        subscriber.leased().on_credit_released(ignore)
    await subscriber.register()
    await publish(database, locked(1), locked(2), locked(3))
    async with asyncio.timeout(60):
        done = await subscriber.drain()
    assert done.delivered == 2
    assert sorted(await numbers(database)) == [1, 3]
    [row] = await failures(database)
    assert (row["state"], row["reason"], row["attempts"]) == ("dead", "handler_failed", 3)
    assert row["detail"].startswith(error)
    assert await subscriber.drain() == DrainResult()


async def ignore(_event: Event[CreditReleasedV2], _context: HandlerContext) -> None: ...


async def test_a_task_that_a_handler_leaves_behind_fails_its_own_event(
    database: Connection, dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    subscriber = sales(dsn)
    left: list[asyncio.Task[Any]] = []

    @subscriber.on_credit_locked
    async def leave(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        number = event.payload.locked_credits
        await context.connection.execute("insert into effect (number) values ($1)", number)
        if number == 2:
            left.append(asyncio.create_task(context.connection.execute("select pg_sleep(0.3)")))
            await asyncio.sleep(0.05)

    await subscriber.register()
    await publish(database, locked(1), locked(2), locked(3))

    async def dead() -> bool:
        return [each["state"] for each in await failures(database)] == ["dead"]

    with caplog.at_level(logging.WARNING):
        async with running(subscriber):
            # The server keeps the event's row locked until it has done what was left behind.
            await until(dead)
    await asyncio.gather(*left, return_exceptions=True)
    assert sorted(await numbers(database)) == [1, 3]
    [row] = await failures(database)
    assert row["detail"].startswith("InterfaceError: cannot perform operation")
    assert "failed after handlers had used its session (InterfaceError)" in caplog.text


async def test_damage_that_outlives_its_transaction_ends_with_the_session(
    database: Connection, dsn: str
) -> None:
    subscriber = sales(dsn, batch_size=1)
    calls = damaging(subscriber, "set statement_timeout = '2ms'; set local statement_timeout = 0")
    await subscriber.register()
    await publish(database, *(locked(each) for each in range(1, 5)))
    async with asyncio.timeout(60):
        await subscriber.drain()
    assert await numbers(database) == [1, 3, 4]
    assert set(calls) == {1, 2, 3, 4}


@pytest.mark.parametrize("statement", ["deallocate all", "set transaction_read_only = on"])
async def test_damage_that_a_savepoint_or_another_session_mends_fails_nothing(
    database: Connection, dsn: str, statement: str
) -> None:
    subscriber = sales(dsn, batch_size=2)
    damaging(subscriber, statement)
    await subscriber.register()
    await publish(database, *(locked(each) for each in range(1, 6)))
    async with asyncio.timeout(60):
        assert await subscriber.drain() == DrainResult(delivered=5)
    assert await numbers(database) == [1, 3, 4, 5]


@pytest.mark.parametrize("kind", ["asyncpg", "psycopg", "sqlalchemy"])
async def test_a_pool_does_not_get_a_spoiled_session_back(database: Connection, dsn: str, kind: str) -> None:
    pool, release = await pool_of(kind, dsn)
    subscriber = sales(dsn, connections=pool)

    @subscriber.on_credit_locked
    async def handle(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        run = context.connection.exec_driver_sql if kind == "sqlalchemy" else context.connection.execute
        if event.payload.locked_credits == 2:
            await run("set role pg_monitor")
        else:
            await run(effect(event))

    await subscriber.register()
    await publish(database, locked(1), locked(2), locked(3))
    async with asyncio.timeout(60):
        assert (await subscriber.drain()).dead == 1
    assert sorted(await numbers(database)) == [1, 3]
    await release()


async def pool_of(kind: str, dsn: str) -> tuple[Any, Any]:
    if kind == "asyncpg":
        pool = await asyncpg.create_pool(dsn, min_size=1, max_size=4)
        return pool, pool.close
    if kind == "psycopg":
        lent = psycopg_pool.AsyncConnectionPool(dsn, min_size=1, max_size=4, open=False)
        await lent.open()
        return lent, lent.close
    engine = create_async_engine(dsn.replace("postgresql://", "postgresql+asyncpg://"))
    return engine, engine.dispose


async def test_a_lack_of_rights_that_was_there_before_is_no_events_fault(
    database: Connection, dsn: str
) -> None:
    await database.execute(
        "create role nobody login; grant usage on schema sguild_dispatcher to nobody;"
        "grant select on all tables in schema sguild_dispatcher to nobody"
    )
    try:
        await database.execute("grant insert on effect to nobody")
        subscriber = sales(dsn.replace("postgres@", "nobody@"))
        damaging(subscriber, "select 1")
        await sales(dsn).register()
        await publish(database, locked(1))
        with pytest.raises(MissingRightsError):
            await subscriber.drain()
        assert await failures(database) == []
    finally:
        await database.execute("drop owned by nobody; drop role nobody")
