"""Each driver: an event joins the transaction that is open on the connection, or is refused."""

from typing import Any

import asyncpg
import psycopg
import pytest
from psycopg.rows import dict_row

from publishing_kit import (
    KEYRING,
    NOW,
    SETTINGS,
    Open,
    locked,
    rows,
    settled,
    with_asyncpg,
    with_pool,
    with_psycopg,
    with_subclass,
)
from sample_contracts import (
    EventId,
    RevenuePublisher,
    RevenueSyncPublisher,
)
from sguild_dispatcher.errors import (
    NotInTransactionError,
    NotMigratedError,
    UnsupportedConnectionError,
)


@pytest.fixture(params=[with_asyncpg, with_pool, with_psycopg, with_subclass])
def driver(request: pytest.FixtureRequest) -> Open:
    opened: Open = request.param
    return opened


async def publish_and_fail(connection: Any) -> None:
    async with connection.transaction():
        await settled(RevenuePublisher).publish(connection, locked())
        raise ZeroDivisionError


async def test_an_event_becomes_visible_with_the_callers_commit(dsn: str, driver: Open) -> None:
    publisher = settled(RevenuePublisher)
    assert isinstance(publisher, RevenuePublisher)
    async with driver(dsn) as connection:
        async with connection.transaction():
            event_id = await publisher.credit_locked(connection, locked())
            assert await rows(dsn) == []
        assert [row["event_id"] for row in await rows(dsn)] == [event_id]
    assert type(event_id) is EventId


async def test_a_rollback_publishes_nothing(dsn: str, driver: Open) -> None:
    async with driver(dsn) as connection:
        with pytest.raises(ZeroDivisionError):
            await publish_and_fail(connection)
    assert await rows(dsn) == []


async def test_a_savepoint_takes_its_events_along(dsn: str, driver: Open) -> None:
    publisher = settled(RevenuePublisher)
    async with driver(dsn) as connection, connection.transaction():
        kept = await publisher.publish(connection, locked())
        with pytest.raises(ZeroDivisionError):
            await publish_and_fail(connection)
    assert [row["event_id"] for row in await rows(dsn)] == [kept]


async def test_there_must_be_a_transaction_to_join(dsn: str, driver: Open) -> None:
    async with driver(dsn) as connection:
        with pytest.raises(
            NotInTransactionError, match=r"publish inside `async with connection\.transaction"
        ):
            await settled(RevenuePublisher).publish(connection, locked())
    assert await rows(dsn) == []


async def test_a_database_without_the_schema_is_named(empty_dsn: str, driver: Open) -> None:
    async with driver(empty_dsn) as connection:
        with pytest.raises(NotMigratedError, match="run `sguild-dispatcher migrate`"):
            async with connection.transaction():
                await settled(RevenuePublisher).publish(connection, locked())


async def test_psycopg_without_autocommit_opens_the_transaction_itself(dsn: str) -> None:
    async with await psycopg.AsyncConnection.connect(dsn) as connection:
        event_id = await settled(RevenuePublisher).publish(connection, locked())
        assert await rows(dsn) == []
    assert [row["event_id"] for row in await rows(dsn)] == [event_id]


async def test_other_objects_are_no_connections(dsn: str) -> None:
    publisher: Any = settled(RevenuePublisher)
    with pytest.raises(UnsupportedConnectionError, match=r"builtins\.object is not supported"):
        await publisher.publish(object(), locked())
    with (
        psycopg.connect(dsn) as connection,
        pytest.raises(UnsupportedConnectionError, match=r"psycopg\.Connection needs a SyncPublisher"),
    ):
        await publisher.publish(connection, locked())


async def test_the_sync_publisher_takes_sync_connections_only(dsn: str) -> None:
    publisher: Any = RevenueSyncPublisher(keyring=KEYRING, settings=SETTINGS)
    async with with_asyncpg(dsn) as connection, connection.transaction():
        with pytest.raises(UnsupportedConnectionError, match="needs an asynchronous Publisher"):
            publisher.publish(connection, locked())


def synchronous() -> RevenueSyncPublisher:
    return RevenueSyncPublisher(keyring=KEYRING, settings=SETTINGS, clock=lambda: NOW)


def publish_and_fail_synchronously(connection: Any) -> None:
    with connection.transaction():
        synchronous().publish(connection, locked())
        raise ZeroDivisionError


@pytest.mark.parametrize("autocommit", [True, False])
async def test_a_sync_connection_commits_and_rolls_back(dsn: str, autocommit: bool) -> None:
    with psycopg.connect(dsn, autocommit=autocommit, row_factory=dict_row) as connection:
        with connection.transaction():
            kept = synchronous().credit_locked(connection, locked())
        with pytest.raises(ZeroDivisionError):
            publish_and_fail_synchronously(connection)
    assert [row["event_id"] for row in await rows(dsn)] == [kept]


async def test_a_sync_connection_needs_a_transaction_and_a_schema(dsn: str, empty_dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection, pytest.raises(NotInTransactionError):
        synchronous().publish(connection, locked())
    with psycopg.connect(empty_dsn) as connection, pytest.raises(NotMigratedError):
        synchronous().publish(connection, locked())


async def test_other_errors_of_the_driver_pass_through(dsn: str) -> None:
    async with with_asyncpg(dsn) as connection:
        await connection.execute("drop schema sguild_dispatcher cascade")
        transaction = connection.transaction()
        await transaction.start()
        with pytest.raises(asyncpg.PostgresError):
            await connection.execute("select 1/0")
        with pytest.raises(asyncpg.InFailedSQLTransactionError):
            await settled(RevenuePublisher).publish(connection, locked())
        await transaction.rollback()
