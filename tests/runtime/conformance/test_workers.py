"""Several processes of one subscriber, and several partitions."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from conformance_kit import Transport, recorder, recording
from deliveries_kit import SalesSubscriber, locked, publish, until
from sample_contracts import CreditLockedV1, Event
from sguild_dispatcher.subscriber import DrainResult, HandlerContext


class Log:
    """Which worker was called for which number; only the effects tell what was committed."""

    def __init__(self) -> None:
        self.done: list[tuple[str, int]] = []

    def worker(self, transport: Transport, name: str) -> SalesSubscriber:
        subscriber = transport.subscriber(batch_size=5)

        @subscriber.on_credit_locked
        async def record(event: Event[CreditLockedV1], context: HandlerContext) -> None:
            await transport.write(context.connection, event.payload.locked_credits)
            self.done.append((name, event.payload.locked_credits))
            await asyncio.sleep(0)

        return subscriber

    @property
    def workers(self) -> set[str]:
        return {name for name, _ in self.done}


@asynccontextmanager
async def running(*subscribers: SalesSubscriber) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(each.run()) for each in subscribers]
    try:
        yield
    finally:
        for each in subscribers:
            await each.stop()
        await asyncio.gather(*tasks)


LESSONS = [str(locked().lesson_id) for _ in range(20)]


async def publish_numbered(transport: Transport, numbers: range) -> None:
    """Publish events of 20 lessons in turn."""
    await publish(transport.connection, *(locked(n, lesson=LESSONS[n % 20]) for n in numbers))


async def check_order(transport: Transport, count: int) -> None:
    """Each event has one effect, and those of a lesson have theirs in order."""
    effects = await transport.effects()
    assert sorted(effects) == list(range(1, count + 1))
    for lesson in range(20):
        done = [each for each in effects if each % 20 == lesson]
        assert done == sorted(done)


async def test_one_worker_drains_every_partition(transport: Transport) -> None:
    log = Log()
    subscriber = log.worker(transport, "a")
    await subscriber.register(partitions=8)
    await publish_numbered(transport, range(1, 101))
    assert await subscriber.drain() == DrainResult(delivered=100)
    await check_order(transport, 100)


async def test_workers_share_partitions_and_keys_keep_their_order(transport: Transport) -> None:
    log = Log()
    workers = [log.worker(transport, name) for name in "ab"]
    await workers[0].register(partitions=4)
    published = 0

    async def all_done() -> bool:
        return len(await transport.effects()) >= published

    async with running(*workers):
        while log.workers != {"a", "b"} or published < 100:
            await publish_numbered(transport, range(published + 1, published + 41))
            published += 40
            await until(all_done)
    await check_order(transport, published)


async def test_a_second_worker_stands_by_and_takes_over(transport: Transport) -> None:
    log = Log()
    first, second = log.worker(transport, "a"), log.worker(transport, "b")
    await first.register()

    async def one() -> bool:
        return len(log.done) == 1

    async def two() -> bool:
        return len(log.done) == 2

    async with running(first):
        await publish(transport.connection, locked(1))
        await until(one)
        async with running(second):
            await first.stop()
            await publish(transport.connection, locked(2))
            await until(two)
    assert log.done == [("a", 1), ("b", 2)]


async def test_a_drain_waits_for_the_worker_that_delivers(transport: Transport) -> None:
    first = await recorder(transport)
    second = transport.subscriber()
    recording(transport, second)

    async def one() -> bool:
        return await transport.effects() == [1]

    async with running(first):
        await publish(transport.connection, locked(1))
        await until(one)
        waiting = asyncio.create_task(second.drain())
        await asyncio.sleep(0.2)
        assert not waiting.done()
    assert await asyncio.wait_for(waiting, 30) == DrainResult()
