"""Workers behind pgbouncer in transaction pooling: they poll, prepare nothing, and own by lease."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from deliveries_kit import KEYRING, NO_WAIT, SalesSubscriber, create_effects, locked, numbers, publish, until
from pgbouncer_kit import COMMAND, pooler, through
from sample_contracts import CreditAccountId, CreditLockedV1, CreditReleasedV2, Event, PersonId
from sguild_dispatcher.database import Connection
from sguild_dispatcher.settings import Settings
from sguild_dispatcher.subscriber import DrainResult, HandlerContext

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
