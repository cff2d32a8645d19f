"""Where a worker's connections may come from; a handler's connection is of the same kind."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any, TypeAlias

import asyncpg
import psycopg
import psycopg_pool
import pytest
import sqlalchemy
from psycopg.rows import namedtuple_row
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, create_async_engine

from deliveries_kit import (
    NO_WAIT,
    create_effects,
    failures,
    locked,
    numbers,
    publish,
    publisher,
    running,
    sales,
    until,
)
from sample_contracts import CreditLockedV1, Event
from sguild_dispatcher.context import request_context
from sguild_dispatcher.database import Connection
from sguild_dispatcher.errors import DatabaseUnavailableError, UnsupportedConnectionError
from sguild_dispatcher.subscriber import DrainResult, HandlerContext

Provider: TypeAlias = Callable[[str], AbstractAsyncContextManager[Any]]
Write: TypeAlias = Callable[[Any, int], Awaitable[None]]


@asynccontextmanager
async def asyncpg_pool(dsn: str) -> AsyncIterator[Any]:
    async with asyncpg.create_pool(dsn, min_size=1, max_size=3) as pool:
        yield pool


@asynccontextmanager
async def psycopg_rows(dsn: str) -> AsyncIterator[Any]:
    """Connections as a service may have configured them: rows of its own kind."""
    options = {"row_factory": namedtuple_row}
    async with psycopg_pool.AsyncConnectionPool(dsn, min_size=1, max_size=3, kwargs=options) as pool:
        yield pool


@asynccontextmanager
async def psycopg_autocommit(dsn: str) -> AsyncIterator[Any]:
    options = {"autocommit": True}
    async with psycopg_pool.AsyncConnectionPool(dsn, min_size=1, max_size=3, kwargs=options) as pool:
        yield pool


def engine(driver: str) -> Provider:
    @asynccontextmanager
    async def provide(dsn: str) -> AsyncIterator[Any]:
        created = create_async_engine(dsn.replace("postgresql://", f"postgresql+{driver}://"))
        yield created
        await created.dispose()

    return provide


async def write_asyncpg(connection: Any, number: int) -> None:
    assert isinstance(connection, asyncpg.pool.PoolConnectionProxy)
    await connection.execute("insert into effect (number) values ($1)", number)


async def write_psycopg(connection: Any, number: int) -> None:
    assert isinstance(connection, psycopg.AsyncConnection)
    await connection.execute("insert into effect (number) values (%s)", [number])


async def write_sqlalchemy(connection: Any, number: int) -> None:
    assert isinstance(connection, AsyncConnection)
    async with AsyncSession(bind=connection, join_transaction_mode="create_savepoint") as session:
        await session.execute(sqlalchemy.text("insert into effect (number) values (:n)"), {"n": number})
        await session.commit()


KINDS: list[Any] = [
    pytest.param(asyncpg_pool, write_asyncpg, id="asyncpg"),
    pytest.param(psycopg_rows, write_psycopg, id="psycopg"),
    pytest.param(psycopg_autocommit, write_psycopg, id="psycopg in autocommit"),
    pytest.param(engine("asyncpg"), write_sqlalchemy, id="SQLAlchemy over asyncpg"),
    pytest.param(engine("psycopg"), write_sqlalchemy, id="SQLAlchemy over psycopg"),
]


@pytest.fixture
async def database(connection: Connection) -> Connection:
    await create_effects(connection)
    return connection


@pytest.mark.parametrize(("provide", "write"), KINDS)
async def test_effects_and_cursor_commit_together(
    database: Connection, dsn: str, provide: Provider, write: Write
) -> None:
    async with provide(dsn) as connections:
        subscriber = sales(dsn, connections=connections, batch_size=2)

        @subscriber.on_credit_locked
        async def record(event: Event[CreditLockedV1], context: HandlerContext) -> None:
            await write(context.connection, event.payload.locked_credits)

        assert await subscriber.register()
        assert not await subscriber.register()
        await publish(database, *(locked(each) for each in range(1, 6)))
        assert await subscriber.drain() == DrainResult(delivered=5)
        assert await subscriber.drain() == DrainResult()
    assert await numbers(database) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(("provide", "write"), KINDS)
@pytest.mark.parametrize("moment", ["idle", "in a handler"])
async def test_a_connection_that_is_cut_is_opened_again(
    database: Connection, dsn: str, provide: Provider, write: Write, moment: str
) -> None:
    mine = database.get_server_pid()

    async def cut() -> None:
        connection: Connection = await asyncpg.connect(dsn)
        await connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and pid <> all (array[pg_backend_pid(), $1])",
            mine,
        )
        await connection.close()

    async with provide(dsn) as connections:
        subscriber = sales(dsn, connections=connections)

        @subscriber.on_credit_locked
        async def record(event: Event[CreditLockedV1], context: HandlerContext) -> None:
            await write(context.connection, event.payload.locked_credits)
            if moment == "in a handler" and event.payload.locked_credits == 2 and not done:
                done.append(True)
                await cut()

        done: list[bool] = []
        await subscriber.register()
        async with running(subscriber):
            await publish(database, locked(1))
            await until(lambda: has(database, [1]))
            if moment == "idle":
                await cut()
            await publish(database, locked(2))
            await until(lambda: has(database, [1, 2]))


async def has(database: Connection, expected: list[int]) -> bool:
    return await numbers(database) == expected


SLEEP: Any = {
    "asyncpg": lambda connection: connection.execute("select pg_sleep(60)"),
    "psycopg": lambda connection: connection.execute("select pg_sleep(60)"),
    "sqlalchemy": lambda connection: connection.exec_driver_sql("select pg_sleep(60)"),
}


@pytest.mark.parametrize(("provide", "write"), KINDS)
async def test_a_query_that_takes_too_long_is_a_timeout_each_time(
    database: Connection, dsn: str, provide: Provider, write: Write
) -> None:
    """Some libraries close a connection whose query is given up."""
    calls: list[int] = []
    async with provide(dsn) as connections:
        subscriber = sales(dsn, connections=connections)

        @subscriber.transactional(timeout=0.3).on_credit_locked
        async def sleep_at_two(event: Event[CreditLockedV1], context: HandlerContext) -> None:
            calls.append(event.payload.locked_credits)
            await write(context.connection, event.payload.locked_credits)
            if event.payload.locked_credits == 2:
                library = type(context.connection).__module__.partition(".")[0]
                await SLEEP[library](context.connection)

        await subscriber.register()
        await publish(database, locked(1), locked(2), locked(3))

        async def dead() -> bool:
            return [each["state"] for each in await failures(database)] == ["dead"]

        async with running(subscriber):
            await until(dead)
        [row] = await failures(database)
        assert (row["reason"], row["attempts"]) == ("handler_timeout", 3)
        assert calls.count(2) <= 4
        assert await numbers(database) == [1, 3]


async def test_a_pool_gets_its_connections_back_as_they_were(database: Connection, dsn: str) -> None:
    async with psycopg_pool.AsyncConnectionPool(dsn, min_size=3, max_size=3) as pool:
        subscriber = sales(dsn, connections=pool)
        await subscriber.register()
        await publish(database, locked(1))
        assert await subscriber.drain() == DrainResult(passed_over=1)
        for _ in range(3):
            connection = await pool.getconn()
            for name, value in (("plan_cache_mode", "auto"), ("idle_in_transaction_session_timeout", "0")):
                rows = await connection.execute(f"show {name}")
                assert await rows.fetchone() == (value,)
            await connection.rollback()


@pytest.mark.parametrize(("provide", "write"), KINDS)
async def test_a_failure_is_undone_and_tried_again(
    database: Connection, dsn: str, provide: Provider, write: Write
) -> None:
    async with provide(dsn) as connections:
        subscriber = sales(dsn, connections=connections, retry=NO_WAIT)

        @subscriber.on_credit_locked
        async def fail_at_two(event: Event[CreditLockedV1], context: HandlerContext) -> None:
            await write(context.connection, event.payload.locked_credits)
            if event.payload.locked_credits == 2 and context.attempt == 1:
                raise LookupError

        await subscriber.register()
        await publish(database, locked(1), locked(2), locked(3))
        assert await subscriber.drain() == DrainResult(delivered=3, retried=1)
    assert await numbers(database) == [1, 3, 2]


@pytest.mark.parametrize(("provide", "write"), KINDS)
async def test_an_error_of_the_database_that_is_swallowed_fails_its_own_event(
    database: Connection, dsn: str, provide: Provider, write: Write
) -> None:
    await database.execute("alter table effect add check (number <> 2)")
    async with provide(dsn) as connections:
        subscriber = sales(dsn, connections=connections, retry=NO_WAIT)

        @subscriber.on_credit_locked
        async def swallow(event: Event[CreditLockedV1], context: HandlerContext) -> None:
            # What some services do.
            with suppress(Exception):
                await write(context.connection, event.payload.locked_credits)

        await subscriber.register()
        await publish(database, locked(1), locked(2), locked(3))
        result = await subscriber.drain()
    assert sorted(await numbers(database)) == [1, 3]
    if write is not write_sqlalchemy:
        # Its savepoint was the handler's own, so that nothing is broken there.
        assert result == DrainResult(delivered=2, retried=2, dead=1)


@pytest.mark.parametrize(("provide", "write"), KINDS)
async def test_a_handler_that_ends_the_transaction_is_named(
    database: Connection, dsn: str, provide: Provider, write: Write
) -> None:
    async with provide(dsn) as connections:
        subscriber = sales(dsn, connections=connections)

        @subscriber.on_credit_locked
        async def commit(event: Event[CreditLockedV1], context: HandlerContext) -> None:
            if event.payload.locked_credits == 2:
                if hasattr(context.connection, "commit"):
                    await context.connection.commit()
                else:
                    await context.connection.execute("commit")
                return
            await write(context.connection, event.payload.locked_credits)

        await subscriber.register()
        await publish(database, locked(1), locked(2), locked(3))
        assert await subscriber.drain() == DrainResult(delivered=2, dead=1)
    [letter] = await failures(database)
    assert letter["detail"].startswith("TransactionControlError")
    # What was committed by it cannot be undone: that is why it is an error.
    assert {1, 3} <= set(await numbers(database))


@pytest.mark.parametrize(("provide", "write"), KINDS)
async def test_an_event_published_in_a_handler_joins_its_transaction(
    database: Connection, dsn: str, provide: Provider, write: Write
) -> None:
    async with provide(dsn) as connections:
        subscriber = sales(dsn, connections=connections)

        @subscriber.on_credit_locked
        async def publish_one_more(event: Event[CreditLockedV1], context: HandlerContext) -> None:
            await write(context.connection, event.payload.locked_credits)
            if event.payload.locked_credits == 1:
                with request_context(tenant_id="tenant-1"):
                    await publisher().publish(context.connection, locked(2))

        await subscriber.register()
        await publish(database, locked(1))
        assert await subscriber.drain() == DrainResult(delivered=2)
    assert await numbers(database) == [1, 2]


async def test_a_pool_that_has_no_connection_is_named(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sguild_dispatcher.transport.providers.CONNECT_TIMEOUT", 0.1)
    async with psycopg_pool.AsyncConnectionPool(dsn, min_size=1, max_size=1) as pool, pool.connection():
        with pytest.raises(DatabaseUnavailableError, match="and that the pool is large enough"):
            await sales(dsn, connections=pool).register()


async def test_what_lends_no_connections_is_refused(dsn: str) -> None:
    with pytest.raises(UnsupportedConnectionError, match=r"builtins\.object lends no connections: hand over"):
        await sales(dsn, connections=object()).register()
