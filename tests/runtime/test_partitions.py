"""Several workers of one subscriber: each partition is owned by one of them, and keys keep their order."""

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import asyncpg
import pytest

from deliveries_kit import KEYRING, SalesSubscriber, create_effects, locked, numbers, publish, until
from sample_contracts import CreditLockedV1, Event
from sguild_dispatcher.database import Connection
from sguild_dispatcher.settings import Settings
from sguild_dispatcher.statements import statement
from sguild_dispatcher.subscriber import DrainResult, HandlerContext
from sguild_dispatcher.subscriptions import SubscriberName, register

OWNERS = """
    select worker_id, array_agg(partition order by partition) as partitions
    from sguild_dispatcher.partition_owner group by worker_id order by 2
"""


@pytest.fixture
async def database(connection: Connection) -> Connection:
    await create_effects(connection)
    await connection.execute("alter table effect add lesson text, add worker text")
    return connection


def worker(dsn: str, name: str, *, lease_seconds: float = 1) -> SalesSubscriber:
    """Return a subscriber that writes which worker did what."""
    subscriber = SalesSubscriber(
        "crm",
        keyring=KEYRING,
        settings=Settings(dsn=dsn, batch_size=20, poll_interval=0.05, lease_seconds=lease_seconds),
    )

    @subscriber.on_credit_locked
    async def record(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        await context.connection.execute(
            "insert into effect (number, lesson, worker) values ($1, $2, $3)",
            event.payload.locked_credits,
            str(event.payload.lesson_id),
            name,
        )

    return subscriber


@asynccontextmanager
async def running(*subscribers: SalesSubscriber) -> AsyncIterator[list["asyncio.Task[None]"]]:
    tasks = [asyncio.create_task(each.run()) for each in subscribers]
    try:
        yield tasks
    finally:
        for each in subscribers:
            await each.stop()
        await asyncio.gather(*tasks, return_exceptions=True)


async def owned(database: Connection) -> list[list[int]]:
    return [each["partitions"] for each in await database.fetch(OWNERS)]


async def registered(database: Connection, partitions: int) -> None:
    async with database.transaction():
        await register(database, SubscriberName("sales", "crm"), start="beginning", partitions=partitions)


async def publish_numbered(database: Connection, lessons: list[str], first: int, count: int) -> None:
    """Publish ``count`` events, in turn for each lesson, numbered from ``first`` on."""
    await publish(
        database, *(locked(each, lesson=lessons[each % len(lessons)]) for each in range(first, first + count))
    )


async def check_order(database: Connection, count: int) -> None:
    """Each event has one effect, and those of a lesson have theirs in order."""
    rows = await database.fetch("select number, lesson from effect order by id")
    assert sorted(each["number"] for each in rows) == list(range(1, count + 1))
    by_lesson: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        by_lesson[row["lesson"]].append(row["number"])
    assert all(each == sorted(each) for each in by_lesson.values())


async def test_one_worker_drains_every_partition(database: Connection, dsn: str) -> None:
    subscriber = worker(dsn, "a")
    await subscriber.register(partitions=8)
    lessons = [str(locked().lesson_id) for _ in range(30)]
    await publish_numbered(database, lessons, 1, 200)
    assert await subscriber.drain() == DrainResult(delivered=200)
    await check_order(database, 200)
    assert await database.fetchval("select count(*) from sguild_dispatcher.partition_owner") == 0


async def test_workers_share_the_partitions(database: Connection, dsn: str) -> None:
    await registered(database, 4)
    lessons = [str(locked().lesson_id) for _ in range(30)]
    async with running(worker(dsn, "a"), worker(dsn, "b")):

        async def shared() -> bool:
            return [len(each) for each in await owned(database)] == [2, 2]

        await until(shared)
        await publish_numbered(database, lessons, 1, 200)

        async def done() -> bool:
            return len(await numbers(database)) == 200

        await until(done)
    await check_order(database, 200)
    assert {each["worker"] for each in await database.fetch("select worker from effect")} == {"a", "b"}


async def test_partitions_move_to_a_worker_that_joins_and_back_when_it_leaves(
    database: Connection, dsn: str
) -> None:
    await registered(database, 3)
    lessons = [str(locked().lesson_id) for _ in range(20)]
    first, second = worker(dsn, "a"), worker(dsn, "b")
    published = 0

    async def more() -> None:
        nonlocal published
        await publish_numbered(database, lessons, published + 1, 40)
        published += 40

    async def is_owned_as(*sizes: int) -> bool:
        return sorted(len(each) for each in await owned(database)) == list(sizes)

    async with running(first):
        await until(lambda: is_owned_as(3))
        await more()
        async with running(second):
            await more()
            await until(lambda: is_owned_as(1, 2))
            await more()
        await until(lambda: is_owned_as(3))
        await more()

        async def done() -> bool:
            return len(await numbers(database)) == published

        await until(done)
    await check_order(database, published)


async def test_more_workers_than_partitions_stand_by(database: Connection, dsn: str) -> None:
    await registered(database, 2)
    async with AsyncExitStack() as stack:
        for name in "abc":
            await stack.enter_async_context(running(worker(dsn, name)))

        async def shared() -> bool:
            workers = await database.fetchval("select count(*) from sguild_dispatcher.worker")
            return workers == 3 and [len(each) for each in await owned(database)] == [1, 1]

        await until(shared)


DEAD_WORKER = """
    insert into sguild_dispatcher.worker (subscription_id, domain, id, process, alive_until)
    select id, domain, gen_random_uuid(), 'dead', clock_timestamp() + interval '1.5 s'
    from sguild_dispatcher.subscription returning id
"""
ITS_PARTITIONS = """
    insert into sguild_dispatcher.partition_owner (subscription_id, domain, partition, worker_id)
    select id, domain, partition, $1 from sguild_dispatcher.subscription, generate_series(0, 1) as partition
"""


async def test_the_partitions_of_a_dead_worker_are_taken_over(database: Connection, dsn: str) -> None:
    await registered(database, 2)
    identifier = await database.fetchval(DEAD_WORKER)
    await database.execute(ITS_PARTITIONS, identifier)

    async def taken() -> int:
        count: int = await database.fetchval(
            "select count(*) from sguild_dispatcher.partition_owner where worker_id <> $1", identifier
        )
        return count

    async with running(worker(dsn, "a")):
        await asyncio.sleep(0.5)
        assert await taken() == 0

        async def all_taken() -> bool:
            return await taken() == 2

        await until(all_taken)


async def test_a_worker_that_is_stopped_while_it_takes_partitions_stops_nobody_else(
    database: Connection, dsn: str
) -> None:
    await registered(database, 1)
    await publish(database, locked(1))
    stopped: Connection = await asyncpg.connect(dsn)
    await stopped.execute("begin")
    await stopped.fetch(statement("ownership/lock"), 1, 0.3)
    assert await asyncio.wait_for(worker(dsn, "a").drain(), 20) == DrainResult(delivered=1)
    await stopped.close()


async def test_a_worker_that_was_thought_dead_does_no_harm(database: Connection, dsn: str) -> None:
    """Its batch is open while another one takes over and does the same events: its own is rolled back."""
    slow, quick = worker(dsn, "slow", lease_seconds=0.3), worker(dsn, "quick", lease_seconds=0.3)
    await slow.register()
    began, go_on = asyncio.Event(), asyncio.Event()
    slow._handlers._handlers.clear()

    @slow.on_credit_locked
    async def wait(_event: Event[CreditLockedV1], context: HandlerContext) -> None:
        await context.connection.execute("insert into effect (number, worker) values (0, 'slow')")
        began.set()
        await go_on.wait()

    await publish(database, locked(1), locked(2))
    async with running(slow):
        await began.wait()
        # What a process does that is stopped for a while: it says nothing any more.
        await database.execute("update sguild_dispatcher.worker set alive_until = clock_timestamp()")
        for each in slow._worker._readers:  # type: ignore[union-attr]
            each._lease_seconds = -1
        assert await quick.drain() == DrainResult(delivered=2)
        go_on.set()
        await asyncio.sleep(0.3)
    effects = await database.fetch("select number, worker from effect order by id")
    assert [tuple(each) for each in effects] == [(1, "quick"), (2, "quick")]


async def test_the_bucket_of_a_key_never_changes(database: Connection) -> None:
    """What was stored once must be found in the same partition by every later version of this software."""
    await publish(database, *(locked(each) for each in range(1, 51)))
    for row in await database.fetch("select ordering_key, bucket from sguild_dispatcher.event_log"):
        digest = hashlib.md5(row["ordering_key"].encode(), usedforsecurity=False).digest()
        assert row["bucket"] == digest[0] % 64
