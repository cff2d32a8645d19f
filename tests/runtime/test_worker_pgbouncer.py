"""Workers behind pgbouncer in transaction pooling: they poll, prepare nothing, and own by lease."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from deliveries_kit import KEYRING, NO_WAIT, SalesSubscriber, create_effects, locked, numbers, publish, until
from pgbouncer_kit import COMMAND, pooler, through
from roles_kit import connected
from sample_contracts import CreditAccountId, CreditLockedV1, CreditReleasedV2, Event, PersonId
from servers import embedded_programs, installed_server
from sguild_dispatcher.database import Connection
from sguild_dispatcher.migrations import migrate
from sguild_dispatcher.settings import Settings
from sguild_dispatcher.subscriber import DrainResult, HandlerContext
from sguild_dispatcher.testing.postgres import create_database

pytestmark = pytest.mark.skipif(COMMAND is None, reason="pgbouncer is not installed")


@pytest.fixture(scope="module")
def bouncer(postgres: str) -> Iterator[str]:
    with pooler(postgres, default_pool_size=4) as dsn:
        yield dsn


@pytest.fixture
async def database(connection: Connection) -> Connection:
    await create_effects(connection)
    return connection


def polling(dsn: str, **options: Any) -> SalesSubscriber:
    settings = Settings(dsn=dsn, batch_size=3, poll_interval=0.05, lease_seconds=1, wakeups="poll")
    return SalesSubscriber("crm", keyring=KEYRING, settings=settings, retry=NO_WAIT, **options)


def recording(subscriber: SalesSubscriber) -> None:
    @subscriber.on_credit_locked
    async def record(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        if event.payload.locked_credits == 5 and context.attempt < 3:
            raise LookupError
        await context.connection.execute(
            "insert into effect (number) values ($1)", event.payload.locked_credits
        )


async def test_retries_and_savepoints_work_through_a_pooler(
    database: Connection, dsn: str, bouncer: str
) -> None:
    subscriber = polling(through(bouncer, dsn))
    recording(subscriber)
    await subscriber.register(partitions=2)
    await publish(database, *(locked(each) for each in range(1, 13)))
    assert await subscriber.drain() == DrainResult(delivered=12, retried=2)
    assert sorted(await numbers(database)) == list(range(1, 13))


async def test_two_workers_share_more_clients_than_sessions(
    database: Connection, dsn: str, bouncer: str
) -> None:
    """Two processes with two partitions each and a sign of life: six clients of four sessions."""
    workers = [polling(through(bouncer, dsn)) for _ in range(2)]
    for each in workers:
        recording(each)
    await workers[0].register(partitions=4)
    tasks = [asyncio.create_task(each.run()) for each in workers]
    for first in range(1, 100, 10):
        await publish(database, *(locked(each) for each in range(first, first + 10)))

    async def done() -> bool:
        return len(await numbers(database)) == 100

    await until(done)
    for each in workers:
        await each.stop()
    await asyncio.gather(*tasks)
    assert sorted(await numbers(database)) == list(range(1, 101))


async def test_leased_handlers_work_through_a_pooler(database: Connection, dsn: str, bouncer: str) -> None:
    subscriber = polling(through(bouncer, dsn))
    recording(subscriber)
    called = 0

    @subscriber.leased().on_credit_released
    async def call(_event: Event[CreditReleasedV2], _context: HandlerContext) -> None:
        nonlocal called
        called += 1

    await subscriber.register()
    released = CreditReleasedV2(
        credit_account_id=CreditAccountId.mint(), person_id=PersonId.mint(), automatic=False
    )
    await publish(database, locked(1), released, locked(2))
    assert await subscriber.drain() == DrainResult(delivered=3)
    assert await subscriber.drain() == DrainResult()
    assert called == 1


async def test_nothing_is_lost_when_the_server_crashes_behind_the_pooler() -> None:
    """The worker has seen transaction ids that the server forgets in the crash, and uses again for events."""
    with (
        installed_server(embedded_programs(), durable=True) as server,
        pooler(server.dsn, default_pool_size=4) as bouncer,
    ):
        dsn = await create_database(server.dsn)
        async with connected(dsn) as database:
            await migrate(database)
            await create_effects(database)
            await let_the_wal_wait(database)
            subscriber = idling(through(bouncer, dsn))
            await subscriber.register()
            task = asyncio.create_task(subscriber.run())
            await publish(database, locked(1))
            await until(lambda: seen(database, [1]))
            await asyncio.sleep(IDLE_POLL * 1.5)  # it looks at ids that are in use, and at nothing else
            forgotten = await use_transaction_ids(database, 50)
            await asyncio.sleep(IDLE_POLL * 1.5)
            await crash(dsn, database)
        async with connected_again(dsn) as database:
            await publish(database, locked(2))
            used = await database.fetchval("select max(txid::text::bigint) from sguild_dispatcher.event_log")
            assert used < forgotten, "the server used no id twice: nothing was tried"
            await until(lambda: seen(database, [1, 2]))
        await subscriber.stop()
        await task


IDLE_POLL = 2.0
"""Seconds in which the server has time to crash and to recover, unnoticed by who polls."""


def idling(dsn: str) -> SalesSubscriber:
    """Return a subscriber that says nothing for longer than a server takes to recover."""
    settings = Settings(dsn=dsn, poll_interval=IDLE_POLL, lease_seconds=300, wakeups="poll")
    subscriber = SalesSubscriber("crm", keyring=KEYRING, settings=settings, retry=NO_WAIT)
    recording(subscriber)
    return subscriber


async def seen(database: Connection, expected: list[int]) -> bool:
    return await numbers(database) == expected


async def let_the_wal_wait(database: Connection) -> None:
    """Let what need not be flushed stay in memory for a while."""
    await database.execute("alter system set wal_writer_delay = '10s'")
    await database.execute("select pg_reload_conf()")


async def use_transaction_ids(database: Connection, count: int) -> int:
    """Draw transaction ids that nothing is committed by, and return the last one."""
    for _ in range(count):
        transaction = database.transaction()
        await transaction.start()
        last = await database.fetchval("select pg_current_xact_id()::text::bigint")
        await transaction.rollback()
    return int(last)


async def crash(dsn: str, database: Connection) -> None:
    """Kill a session of the server, after which it ends all others, and recovers by itself."""
    victim = await asyncpg.connect(dsn)
    os.kill(await victim.fetchval("select pg_backend_pid()"), signal.SIGKILL)
    victim.terminate()
    async with asyncio.timeout(60):
        while not database.is_closed():  # noqa: ASYNC110 - the server closes it
            await asyncio.sleep(0.01)


@asynccontextmanager
async def connected_again(dsn: str) -> AsyncIterator[Connection]:
    """Connect as soon as the server has recovered."""

    async def recovered() -> bool:
        try:
            async with connected(dsn):
                return True
        except (OSError, asyncpg.PostgresError):
            return False

    await until(recovered)
    async with connected(dsn) as connection:
        yield connection
