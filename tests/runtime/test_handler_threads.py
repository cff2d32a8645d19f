"""Plain functions in threads of their own: what hangs keeps neither neighbours nor the process."""

import asyncio
import contextvars
import os
import threading
from collections.abc import Iterator

import pytest

from deliveries_kit import failures, locked, publish, sales
from sample_contracts import CreditLockedV1, Event
from sguild_dispatcher.database import Connection
from sguild_dispatcher.delivery.threads import HandlerThreads
from sguild_dispatcher.retries import RetryPolicy
from sguild_dispatcher.subscriber import DrainResult, HandlerContext

MANY = min(32, (os.cpu_count() or 1) + 4) + 1
"""More than an executor of asyncio has threads."""


@pytest.fixture
def release() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


async def test_a_thread_that_is_idle_is_used_again() -> None:
    threads = HandlerThreads()
    names = [(await threads.run(threading.current_thread)).name for _ in range(20)]
    assert set(names) == {"sguild-dispatcher-handler-1"}


async def test_calls_at_once_have_a_thread_each(release: threading.Event) -> None:
    threads = HandlerThreads()
    waiting = [asyncio.create_task(threads.run(release.wait)) for _ in range(MANY)]
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        assert await threads.run(lambda: "served") == "served"
    release.set()
    assert await asyncio.gather(*waiting) == [True] * MANY


async def test_a_call_has_the_context_of_its_task_and_keeps_its_own_changes() -> None:
    name = contextvars.ContextVar("name", default="nobody")
    name.set("ada")

    def rename() -> str:
        former = name.get()
        name.set("bob")
        return former

    threads = HandlerThreads()
    assert [await threads.run(rename) for _ in range(2)] == ["ada", "ada"]
    assert name.get() == "ada"


async def test_a_call_that_is_given_up_leaves_its_thread_to_later_ones(release: threading.Event) -> None:
    threads = HandlerThreads()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await threads.run(release.wait)
    release.set()
    await asyncio.sleep(0.5)
    assert (await threads.run(threading.current_thread)).name == "sguild-dispatcher-handler-1"


def test_a_call_may_end_after_its_loop(release: threading.Event) -> None:
    threads = HandlerThreads()

    async def give_up() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await threads.run(release.wait)

    asyncio.run(give_up())
    release.set()

    async def served() -> bool:
        async with asyncio.timeout(5):
            return await threads.run(threading.current_thread) is not None

    assert asyncio.run(served())


async def test_a_handler_that_raises_stop_iteration_has_failed_at_once(
    connection: Connection, dsn: str
) -> None:
    subscriber = sales(dsn, retry=RetryPolicy(max_attempts=1))

    @subscriber.leased(timeout=30).on_credit_locked  # type: ignore[arg-type]
    def stop(_event: Event[CreditLockedV1], _context: HandlerContext) -> None:
        next(iter(()))

    await subscriber.register()
    await publish(connection, locked(1))
    async with asyncio.timeout(10):
        assert await subscriber.drain() == DrainResult(dead=1)
    [row] = await failures(connection)
    assert row["reason"] == "handler_failed"
    assert "StopIteration" in row["detail"]


async def test_handlers_that_hang_keep_no_thread_from_their_neighbours(
    connection: Connection, dsn: str, release: threading.Event
) -> None:
    subscriber = sales(dsn, retry=RetryPolicy(max_attempts=1))
    handled: list[int] = []

    @subscriber.leased(timeout=0.2).on_credit_locked  # type: ignore[arg-type]
    def hang(event: Event[CreditLockedV1], _context: HandlerContext) -> None:
        if event.payload.locked_credits <= MANY:
            release.wait()
        handled.append(event.payload.locked_credits)

    await subscriber.register()
    await publish(connection, *(locked(each) for each in range(1, MANY + 4)))
    assert await subscriber.drain() == DrainResult(delivered=3, dead=MANY)
    assert handled == [MANY + 1, MANY + 2, MANY + 3]
