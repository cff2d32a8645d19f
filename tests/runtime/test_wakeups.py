import asyncio
import time
from collections.abc import AsyncIterator

import asyncpg
import psycopg
import pytest

from deliveries_kit import (
    KEYRING,
    SalesSubscriber,
    create_effects,
    locked,
    numbers,
    publish,
    recording,
    until,
)
from sample_contracts import RevenuePublisher
from sguild_dispatcher.database import Connection
from sguild_dispatcher.errors import UnsupportedConnectionError
from sguild_dispatcher.settings import Settings
from sguild_dispatcher.wakeups import CHANNEL, Waker


@pytest.fixture
async def heard(dsn: str) -> AsyncIterator[list[str]]:
    """The payloads that a listener hears."""
    payloads: list[str] = []
    listener = await asyncpg.connect(dsn)

    def hear(*arguments: object) -> None:
        payloads.append(str(arguments[-1]))

    await listener.add_listener(CHANNEL, hear)
    yield payloads
    await listener.remove_listener(CHANNEL, hear)
    await listener.close()


async def first_of(heard: list[str]) -> None:
    async def something() -> bool:
        return bool(heard)

    await until(something)


async def test_a_wakeup_comes_after_the_commit_and_never_before(
    connection: Connection, dsn: str, heard: list[str]
) -> None:
    async with Waker(dsn) as waker:
        async with connection.transaction():
            waker.watch(connection)
            await asyncio.sleep(0.1)
            assert heard == []
        await first_of(heard)
    assert heard == [""]


async def test_a_publisher_with_a_waker_wakes_once_the_caller_has_committed(
    connection: Connection, dsn: str, heard: list[str]
) -> None:
    async with Waker(dsn) as waker:
        publisher = RevenuePublisher(keyring=KEYRING, settings=Settings(tenant_id="acme"), waker=waker)
        async with connection.transaction():
            await publisher.credit_locked(connection, locked())
            await asyncio.sleep(0.05)
            assert heard == []
        await first_of(heard)
    assert heard == [""]


async def test_many_commits_are_one_wakeup(dsn: str, heard: list[str]) -> None:
    async with asyncpg.create_pool(dsn, min_size=0) as pool, Waker(dsn) as waker:

        async def commit() -> None:
            async with pool.acquire() as connection, connection.transaction():
                waker.watch(connection)

        await asyncio.gather(*(commit() for _ in range(100)))
        await first_of(heard)
    assert 1 <= len(heard) < 50


async def test_psycopg_connections_are_watched_too(dsn: str, heard: list[str]) -> None:
    async with Waker(dsn) as waker:
        with psycopg.connect(dsn) as connection:
            connection.execute("select 1")
            await asyncio.to_thread(waker.watch, connection)
            await asyncio.sleep(0.05)
            assert heard == []
            connection.commit()
            await first_of(heard)
    assert heard == [""]


async def test_a_worker_is_woken_long_before_its_next_look(connection: Connection, dsn: str) -> None:
    await create_effects(connection)
    subscriber = SalesSubscriber("crm", settings=Settings(dsn=dsn, poll_interval=60), keyring=KEYRING)
    recording(subscriber)
    await subscriber.register()
    task = asyncio.create_task(subscriber.run())
    await publish(connection, locked(1))

    async def delivered() -> bool:
        return len(await numbers(connection)) == 2

    async with Waker(dsn) as waker:
        await asyncio.sleep(0.3)
        waker.watch(connection)
        await publish(connection, locked(2))
        waker.watch(connection)
        started = time.monotonic()
        await until(delivered)
        assert time.monotonic() - started < 5
    await subscriber.stop()
    await task


async def test_a_waker_that_cannot_notify_disturbs_nobody(
    connection: Connection, tmp_path: object, caplog: pytest.LogCaptureFixture
) -> None:
    async with Waker(f"postgresql:///nowhere?host={tmp_path}") as waker:
        async with connection.transaction():
            waker.watch(connection)
        await asyncio.sleep(0.1)
    assert "Workers were not woken" in caplog.text


async def test_what_is_no_connection_cannot_be_watched(dsn: str) -> None:
    async with Waker(dsn) as waker:
        with pytest.raises(UnsupportedConnectionError, match=r"builtins\.object cannot be watched"):
            waker.watch(object())
