"""Each kind of connection: events join the transaction that is open on it, or are refused."""

import json
from typing import Any

import asyncpg
import psycopg
import pytest

from joining_kit import Joined, Way, async_engine, django_database, engine, every_way
from publishing_kit import KEYRING, locked, released, rows, settled
from sample_contracts import EventId, RevenuePublisher, RevenueSyncPublisher
from sguild_dispatcher.database import Connection
from sguild_dispatcher.errors import NotInTransactionError, NotMigratedError, UnsupportedConnectionError
from sguild_dispatcher.publisher import PART


async def stored(dsn: str) -> list[str]:
    return [row["event_id"] for row in await rows(dsn)]


async def publish_and_fail(joined: Joined, block: Any) -> None:
    async with block():
        await joined.publish(locked())
        await joined.publish_many([locked(), locked()])
        raise ZeroDivisionError


@every_way
async def test_events_become_visible_with_the_callers_commit(dsn: str, way: Way) -> None:
    async with way.open(dsn) as joined:
        async with joined.begin():
            ids = [*await joined.publish(locked()), *await joined.publish_many([locked(), locked()])]
            assert await rows(dsn) == []
        assert await stored(dsn) == ids
    assert all(EventId(each) == each for each in ids)


@every_way
async def test_a_rollback_publishes_nothing(dsn: str, way: Way) -> None:
    async with way.open(dsn) as joined:
        with pytest.raises(ZeroDivisionError):
            await publish_and_fail(joined, joined.begin)
        assert await rows(dsn) == []
        async with joined.begin():
            ids = await joined.publish(locked())
    assert await stored(dsn) == ids


@every_way
async def test_a_savepoint_takes_its_events_along(dsn: str, way: Way) -> None:
    async with way.open(dsn) as joined, joined.begin():
        first = await joined.publish(locked())
        with pytest.raises(ZeroDivisionError):
            await publish_and_fail(joined, joined.savepoint)
        async with joined.savepoint():
            second = await joined.publish(locked())
        third = await joined.publish(locked())
    assert await stored(dsn) == [*first, *second, *third]


@every_way
async def test_there_must_be_a_transaction_to_join(dsn: str, way: Way) -> None:
    async with way.open(dsn, autocommit=True) as joined:
        with pytest.raises(
            NotInTransactionError, match=r"publish inside `.*with .*:`, and not in autocommit"
        ):
            await joined.publish(locked())
        with pytest.raises(NotInTransactionError):
            await joined.publish_many([locked()])
    assert await rows(dsn) == []


@every_way
async def test_a_database_without_the_schema_is_named(empty_dsn: str, way: Way) -> None:
    async with way.open(empty_dsn) as joined:
        with pytest.raises(NotMigratedError, match="run `sguild-dispatcher migrate`"):
            async with joined.begin():
                await joined.publish(locked())


@every_way
async def test_many_events_keep_their_order_and_their_text(dsn: str, way: Way) -> None:
    payloads = [locked(locked_credits=number) for number in range(1, 2 * PART + 2)]
    async with way.open(dsn) as joined, joined.begin():
        ids = await joined.publish_many(iter(payloads))
    found = await rows(dsn)
    assert [row["event_id"] for row in found] == ids
    assert [json.loads(row["body"])["payload"]["locked_credits"] for row in found] == list(
        range(1, 2 * PART + 2)
    )
    assert {KEYRING.verify(row["key_id"], row["body"], row["signature"]) for row in found} == {"revenue"}


async def test_one_by_one_or_at_once_the_rows_are_the_same(dsn: str) -> None:
    payloads = [locked(), released(), locked()]
    single: Any = settled(RevenuePublisher)
    connection: Connection = await asyncpg.connect(dsn)
    async with connection.transaction():
        for each in payloads:
            await single.publish(connection, each)
        await single.publish_many(connection, payloads)
    await connection.close()
    found = [_without_ids(row) for row in await rows(dsn)]
    assert found[:3] == found[3:]


def _without_ids(row: dict[str, Any]) -> dict[str, Any]:
    """Leave out what no two events share, and put a mark for the event's id elsewhere."""
    ordering_key = row["ordering_key"].replace(row["event_id"], "own id")
    same = ("event_type", "schema_version", "producer", "tenant_id", "key_id")
    body = row["body"].replace(row["event_id"], "own id")
    return {"ordering_key": ordering_key, "body": body, **{name: row[name] for name in same}}


async def test_a_codec_for_json_of_the_caller_changes_nothing(dsn: str) -> None:
    connection: Connection = await asyncpg.connect(dsn)
    for name in ("json", "jsonb"):
        await connection.set_type_codec(name, encoder=json.dumps, decoder=json.loads, schema="pg_catalog")
    async with connection.transaction():
        ids = await settled(RevenuePublisher).publish_many(connection, [locked(), locked()])
    await connection.close()
    assert await stored(dsn) == ids


async def test_psycopg_without_autocommit_opens_the_transaction_itself(dsn: str) -> None:
    async with await psycopg.AsyncConnection.connect(dsn) as connection:
        event_id = await settled(RevenuePublisher).publish(connection, locked())
        assert await rows(dsn) == []
    assert await stored(dsn) == [event_id]


async def test_sqlalchemy_begins_a_transaction_that_its_own_commit_ends(dsn: str) -> None:
    publisher: Any = settled(RevenueSyncPublisher)
    with engine(dsn) as made:
        with made.connect() as connection:
            kept = publisher.publish(connection, locked())
            connection.commit()
            publisher.publish(connection, locked())
        assert await stored(dsn) == [kept], "what was not committed is gone"


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
async def test_sqlalchemy_does_so_with_asyncio_as_well(dsn: str, driver: str) -> None:
    publisher = settled(RevenuePublisher)
    async with async_engine(dsn, driver) as made:
        async with made.connect() as connection:
            kept = await publisher.publish(connection, locked())
            await connection.commit()
            await publisher.publish(connection, locked())
        assert await stored(dsn) == [kept], "what was not committed is gone"


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
async def test_begin_of_sqlalchemy_in_autocommit_is_no_transaction(dsn: str, driver: str) -> None:
    async with async_engine(dsn, driver, autocommit=True) as made, made.begin() as connection:
        with pytest.raises(NotInTransactionError, match=r"AsyncConnection commits each statement by itself"):
            await settled(RevenuePublisher).publish(connection, locked())
    assert await rows(dsn) == []


async def test_a_broken_block_of_django_refuses_as_django_does(dsn: str) -> None:
    from django.db import connection, transaction

    publisher: Any = settled(RevenueSyncPublisher)
    with django_database(dsn), transaction.atomic():
        transaction.set_rollback(True)
        with pytest.raises(transaction.TransactionManagementError):
            publisher.publish(connection, locked())
    assert await rows(dsn) == []


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
    publisher: Any = settled(RevenueSyncPublisher)
    connection: Connection = await asyncpg.connect(dsn)
    with pytest.raises(UnsupportedConnectionError, match="needs an asynchronous Publisher"):
        publisher.publish(connection, locked())
    await connection.close()


async def test_the_driver_below_has_to_fit(dsn: str) -> None:
    publisher: Any = settled(RevenueSyncPublisher)
    async with async_engine(dsn, "asyncpg") as made, made.connect() as connection:
        with pytest.raises(UnsupportedConnectionError, match=r"stands on asyncpg.*has to be psycopg"):
            await connection.run_sync(lambda inner: publisher.publish(inner, locked()))


async def test_other_errors_of_the_driver_pass_through(dsn: str) -> None:
    connection: Connection = await asyncpg.connect(dsn)
    transaction = connection.transaction()
    await transaction.start()
    with pytest.raises(asyncpg.DivisionByZeroError):
        await connection.execute("select 1/0")
    with pytest.raises(asyncpg.InFailedSQLTransactionError):
        await settled(RevenuePublisher).publish(connection, locked())
    await transaction.rollback()
    await connection.close()
