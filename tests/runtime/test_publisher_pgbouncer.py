"""Publishing through pgbouncer in transaction pooling: no statement may count on an earlier one's session."""

import asyncio
from collections.abc import Iterator

import asyncpg
import pytest

from joining_kit import WAYS, Way, every_way
from pgbouncer_kit import COMMAND, SESSIONS, pooler, through, version
from publishing_kit import locked, rows
from sguild_dispatcher.wakeups import CHANNEL, Waker

pytestmark = pytest.mark.skipif(COMMAND is None, reason="pgbouncer is not installed")

PREPARES = 1, 21
"""The version of pgbouncer that first knew of prepared statements."""


@pytest.fixture(scope="module")
def bouncer(postgres: str) -> Iterator[str]:
    with pooler(postgres) as dsn:
        yield dsn


class UndoneError(Exception):
    """Raised to have a transaction rolled back."""


def undo(wanted: bool) -> None:
    if wanted:
        raise UndoneError


async def publish_in_turn(way: Way, dsn: str, transactions: int, *, pooled: bool = True) -> list[str]:
    """Publish on one connection, each time in a transaction of its own; every third one is rolled back."""
    published = []
    async with way.open(dsn, pooled=pooled) as joined:
        for number in range(transactions):
            try:
                async with joined.begin():
                    ids = [*await joined.publish(locked()), *await joined.publish_many([locked(), locked()])]
                    await asyncio.sleep(0)
                    undo(number % 3 == 2)
            except UndoneError:
                continue
            published += ids
    return published


@every_way
async def test_each_kind_of_connection_commits_and_rolls_back(dsn: str, bouncer: str, way: Way) -> None:
    published = await publish_in_turn(way, through(bouncer, dsn), 9)
    assert [row["event_id"] for row in await rows(dsn)] == published
    assert len(published) == 18


async def test_many_connections_share_few_sessions(dsn: str, bouncer: str) -> None:
    asynchronous = [way for way in WAYS if "sync" in way.name]
    work = (publish_in_turn(way, through(bouncer, dsn), 12) for way in asynchronous * 2)
    published = [each for ids in await asyncio.gather(*work) for each in ids]
    assert sorted(row["event_id"] for row in await rows(dsn)) == sorted(published)
    assert len(published) == 24 * len(asynchronous) * 2 > SESSIONS


@pytest.mark.skipif(version() < PREPARES, reason="this pgbouncer does not know of prepared statements")
async def test_statements_that_pgbouncer_prepares_are_found_again(dsn: str, postgres: str) -> None:
    (way,) = (way for way in WAYS if way.name == "asyncpg")
    with pooler(postgres, max_prepared_statements=100) as bouncer:
        work = (publish_in_turn(way, through(bouncer, dsn), 12, pooled=False) for _ in range(8))
        published = [each for ids in await asyncio.gather(*work) for each in ids]
    assert sorted(row["event_id"] for row in await rows(dsn)) == sorted(published)


async def test_wakeups_go_through_the_pooler_again_and_again(dsn: str, bouncer: str) -> None:
    heard: asyncio.Queue[object] = asyncio.Queue()
    listener = await asyncpg.connect(dsn)
    await listener.add_listener(CHANNEL, lambda *arguments: heard.put_nowait(arguments[-1]))
    (way,) = (way for way in WAYS if way.name == "asyncpg")
    async with Waker(through(bouncer, dsn)) as waker, way.open(through(bouncer, dsn), pooled=True) as joined:
        for _ in range(10):
            async with joined.begin():
                await joined.publish(locked(), waker=waker)
            assert await asyncio.wait_for(heard.get(), 20) == ""
    await listener.close()
