import asyncio
import sys
import threading
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
from joining_kit import Way, every_way
from sample_contracts import RevenuePublisher, RevenueSyncPublisher
from sguild_dispatcher.database import Connection
from sguild_dispatcher.errors import UnsupportedConnectionError
from sguild_dispatcher.settings import Settings
from sguild_dispatcher.wakeups import CHANNEL, SyncWaker, Waker


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


async def test_asyncpg_tells_of_the_commit_without_a_look(
    connection: Connection, dsn: str, heard: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sguild_dispatcher.wakeups.LOOK_SECONDS", (600.0, 600.0))
    async with Waker(dsn) as waker:
        async with connection.transaction():
            waker.watch(connection)
            await connection.execute("select 1")
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


@every_way
async def test_every_kind_of_connection_wakes_after_its_commit(dsn: str, heard: list[str], way: Way) -> None:
    with SyncWaker(dsn) as sync:
        async with Waker(dsn) as waker, way.open(dsn) as joined:
            options = {"waker": sync if joined.publisher is RevenueSyncPublisher else waker}
            async with joined.begin():
                async with joined.savepoint():
                    await joined.publish(locked(), **options)
                await joined.publish_many([locked(), locked()], **options)
                await asyncio.sleep(0.05)
                assert heard == []
            await first_of(heard)
    assert heard == [""]


async def test_a_thread_wakes_after_each_commit_and_never_before(dsn: str, heard: list[str]) -> None:
    early = 0
    with SyncWaker(dsn) as waker, psycopg.connect(dsn) as connection:
        publisher = RevenueSyncPublisher(keyring=KEYRING, settings=Settings(tenant_id="acme"), waker=waker)
        for _ in range(20):
            publisher.publish(connection, locked())
            await asyncio.sleep(0.01)
            early += len(heard)
            connection.commit()
            await first_of(heard)
            await asyncio.sleep(0.02)
            heard.clear()
    assert early == 0


async def test_what_was_rolled_back_needs_no_wakeup_but_the_next_commit_has_one(
    dsn: str, heard: list[str]
) -> None:
    with SyncWaker(dsn) as waker, psycopg.connect(dsn) as connection:
        publisher = RevenueSyncPublisher(keyring=KEYRING, settings=Settings(tenant_id="acme"), waker=waker)
        publisher.publish(connection, locked())
        connection.rollback()
        await asyncio.sleep(0.1)
        heard.clear()
        publisher.publish(connection, locked())
        connection.commit()
        await first_of(heard)


async def test_without_a_waker_nobody_is_notified(connection: Connection, dsn: str, heard: list[str]) -> None:
    await publish(connection, locked(), locked())
    with psycopg.connect(dsn) as sync:
        RevenueSyncPublisher(keyring=KEYRING, settings=Settings(tenant_id="acme")).publish(sync, locked())
    await asyncio.sleep(0.2)
    assert heard == []


async def test_a_thread_that_cannot_notify_disturbs_nobody(
    dsn: str, tmp_path: object, caplog: pytest.LogCaptureFixture
) -> None:
    with SyncWaker(f"postgresql:///nowhere?host={tmp_path}") as waker:
        with psycopg.connect(dsn) as connection:
            RevenueSyncPublisher(keyring=KEYRING, settings=Settings(tenant_id="acme"), waker=waker).publish(
                connection, locked()
            )
        await asyncio.sleep(0.2)
    assert "Workers were not woken" in caplog.text


def test_the_thread_starts_with_the_first_event_and_ends_when_told(dsn: str) -> None:
    def threads() -> list[str]:
        return [each.name for each in threading.enumerate() if "waker" in each.name]

    with psycopg.connect(dsn) as connection:
        waker = SyncWaker(dsn)
        assert threads() == []
        waker.watch(connection)
        waker.watch(connection)
        assert threads() == ["sguild-dispatcher-waker"]
        waker.close()
        assert threads() == []
        waker.watch(connection)
        assert threads() == []


FORKED = """
import os, sys
import psycopg
from sguild_dispatcher import SyncWaker

waker = SyncWaker(sys.argv[1])
with psycopg.connect(sys.argv[1]) as connection:
    waker.watch(connection)
sys.stdin.readline()
child = os.fork()
if child == 0:
    with psycopg.connect(sys.argv[1]) as connection:
        waker.watch(connection)
    sys.stdin.readline()
    os._exit(0)
os.waitpid(child, 0)
"""


async def test_a_process_that_was_forked_has_a_thread_of_its_own(dsn: str, heard: list[str]) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-uc", FORKED, dsn, stdin=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    assert process.stdin is not None
    try:
        await first_of(heard)  # the thread of the first process has nothing to do any more when that forks
        heard.clear()
        process.stdin.write(b"\n")
        await first_of(heard)
    finally:
        process.stdin.write(b"\n\n")
        await process.wait()
    assert heard == [""]
