"""A subscription that is retired and registered again while a worker still works for the former one."""

import asyncio

import pytest

from deliveries_kit import (
    create_effects,
    locked,
    numbers,
    publish,
    recording,
    running,
    sales,
    until,
)
from sguild_dispatcher.database import Connection
from sguild_dispatcher.subscriber import DrainResult
from sguild_dispatcher.subscriptions import SubscriberName, register, retire

NAME = SubscriberName("sales", "crm")


@pytest.fixture
async def database(connection: Connection) -> Connection:
    await create_effects(connection)
    return connection


async def register_again(database: Connection) -> None:
    async with database.transaction():
        await retire(database, NAME)
        assert await register(database, NAME, start="now")


async def has(database: Connection, expected: list[int]) -> bool:
    return await numbers(database) == expected


async def test_a_worker_that_commits_at_the_same_moment_is_no_error(database: Connection, dsn: str) -> None:
    """Its batch has moved the former cursor already, and waits at its commit."""
    await database.execute(
        """
        create function wait_here() returns trigger language plpgsql as
            'begin perform pg_advisory_xact_lock_shared(1); return null; end';
        create constraint trigger wait_here after insert on effect
            initially deferred for each row execute function wait_here();
        select pg_advisory_lock(1);
        """
    )
    subscriber = sales(dsn)
    recording(subscriber)
    await subscriber.register()
    await publish(database, locked(1))
    async with running(subscriber):
        await until(lambda: waits(database))
        await asyncio.wait_for(register_again(database), 10)
        await database.execute("select pg_advisory_unlock(1)")
        await publish(database, locked(2))
        await until(lambda: has(database, [1, 2]))
    assert await subscriber.drain() == DrainResult()


async def waits(database: Connection) -> bool:
    return bool(
        await database.fetchval(
            "select exists (select from pg_locks as lock "
            "join pg_database as here on lock.database = here.oid "
            "where here.datname = current_database() and lock.locktype = 'advisory' and not lock.granted)"
        )
    )
