"""Changing the number of partitions while publishers and workers go on."""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from deliveries_kit import KEYRING, NO_WAIT, SalesSubscriber, locked, publish, until
from operation_kit import Run, result
from sample_contracts import CreditLockedV1, Event, LessonId
from sguild_dispatcher.database import Connection
from sguild_dispatcher.settings import Settings
from sguild_dispatcher.subscriber import HandlerContext

CHANGE = ("subscribers", "partitions", "sales/crm")


@pytest.fixture
async def database(connection: Connection) -> Connection:
    await connection.execute(
        "create table effect (id bigint generated always as identity, key text not null, number int not null)"
    )
    return connection


def recording(dsn: str, *, leased: bool = False, lease_seconds: float = 1) -> SalesSubscriber:
    """Return a worker that writes each event's ordering key and number."""
    # A lease that lasts: without any, a slow machine lets two workers call a leased handler.
    settings = Settings(dsn=dsn, batch_size=20, poll_interval=0.05, lease_seconds=lease_seconds)
    subscriber = SalesSubscriber("crm", settings=settings, keyring=KEYRING, retry=NO_WAIT)
    target = subscriber.leased() if leased else subscriber

    @target.on_credit_locked
    async def record(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        values = (str(event.payload.lesson_id), event.payload.locked_credits)
        insert = "insert into effect (key, number) values ($1, $2)"
        if not leased:
            await context.connection.execute(insert, *values)
            return
        connection: Connection = await asyncpg.connect(dsn)
        await connection.execute(insert, *values)
        await connection.close()

    return subscriber


@asynccontextmanager
async def working(*workers: SalesSubscriber) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(each.run()) for each in workers]
    try:
        yield
    finally:
        for each in workers:
            await each.stop()
        await asyncio.gather(*tasks)


async def publishing(dsn: str, keys: list[str], enough: asyncio.Event) -> int:
    """Publish numbers that rise within each key, some in transactions that commit late; say how many."""
    connection: Connection = await asyncpg.connect(dsn)
    number = 0
    chance = random.Random(keys[0])  # noqa: S311 - it only varies what happens
    while not enough.is_set():
        number += 1
        async with connection.transaction():
            await publish(connection, locked(number, lesson=chance.choice(keys)))
            await asyncio.sleep(chance.choice((0.01, 0.01, 0.05)))
    await connection.close()
    return number


async def count(database: Connection) -> int:
    found: int = await database.fetchval("select count(*) from effect")
    return found


async def partitions(database: Connection) -> tuple[int, int | None]:
    row = await database.fetchrow("select partitions, partitions_wanted from sguild_dispatcher.subscription")
    assert row is not None
    return tuple(row)


@pytest.mark.parametrize("leased", [False, True])
async def test_under_load_nothing_is_lost_repeated_or_out_of_order(
    run: Run, database: Connection, configured: str, *, leased: bool
) -> None:
    await recording(configured).register()
    # Each publisher has keys of its own, since order within a key is that of its publisher.
    keys = [[str(LessonId.mint()) for _ in range(12)] for _ in range(3)]
    workers = [recording(configured, leased=leased, lease_seconds=20 if leased else 1) for _ in range(2)]
    enough = asyncio.Event()
    async with working(*workers):
        publishers = asyncio.gather(*(publishing(configured, mine, enough) for mine in keys))
        for wanted in (4, 2, 3):
            code, out, err = await run(*CHANGE, str(wanted))
            assert (code, out) == (0, f"sales/crm has {wanted} partitions.\n"), err
            assert await partitions(database) == (wanted, None)
            await asyncio.sleep(0.3)
        enough.set()
        published = sum(await publishers)

        async def delivered() -> bool:
            return await count(database) >= published

        await until(delivered)
        await asyncio.sleep(0.3)
    effects: dict[str, list[int]] = defaultdict(list)
    for row in await database.fetch("select key, number from effect order by id"):
        effects[row["key"]].append(row["number"])
    assert sum(map(len, effects.values())) == published
    assert all(numbers == sorted(set(numbers)) for numbers in effects.values())


async def test_partitions_at_one_place_are_replaced_at_once_without_a_worker(
    run: Run, database: Connection, configured: str
) -> None:
    subscriber = recording(configured)
    await subscriber.register()
    await publish(database, *(locked(each) for each in range(1, 31)))
    assert (await run(*CHANGE, "8"))[0] == 0
    assert len(await result(run, "cursors", "show", "sales/crm")) == 8
    await subscriber.drain()
    assert await count(database) == 30
    assert await run(*CHANGE, "8") == (0, "sales/crm had 8 partitions.\n", "")
    assert [each["action"] for each in await result(run, "audit", "list")] == ["partitions", "register"]


async def at_several_places(run: Run, database: Connection, dsn: str) -> None:
    """Leave four partitions at different snapshots, with events that wait."""
    await run("subscribers", "register", "sales/crm", "--from", "beginning", "--partitions", "4")
    for number in range(1, 9):
        await publish(database, locked(number))
        await recording(dsn).drain()
    await publish(database, *(locked(each) for each in range(9, 31)))


async def test_what_nobody_delivers_is_not_waited_for_in_vain(
    run: Run, database: Connection, configured: str
) -> None:
    await at_several_places(run, database, configured)
    code, out, err = await run(*CHANGE, "2", "--wait", "1")
    assert (code, out) == (2, "")
    assert "sales/crm has no worker that delivers it: start one. Its partitions are as they were." in err
    assert await partitions(database) == (4, None)
    await recording(configured).drain()
    assert await count(database) == 30


async def test_a_paused_subscriber_says_so(run: Run, database: Connection, configured: str) -> None:
    await at_several_places(run, database, configured)
    await run("subscribers", "pause", "sales/crm")
    code, _, err = await run(*CHANGE, "2", "--wait", "1")
    assert code == 2
    assert "sales/crm is paused: run `sguild-dispatcher subscribers resume sales/crm`" in err


async def test_a_change_that_was_killed_is_shown_taken_up_or_given_up(
    run: Run, database: Connection, configured: str
) -> None:
    await at_several_places(run, database, configured)
    await database.execute("update sguild_dispatcher.subscription set partitions_wanted = 2")
    code, out, _ = await run("status")
    assert code == 1
    assert "`sguild-dispatcher subscribers partitions sales/crm --cancel`" in out
    await recording(configured).drain()
    assert await count(database) == 8
    assert await run(*CHANGE, "--cancel") == (0, "sales/crm keeps its partitions.\n", "")
    await recording(configured).drain()
    assert await count(database) == 30
    await publish(database, *(locked(each) for each in range(31, 41)))
    await database.execute("update sguild_dispatcher.subscription set partitions_wanted = 2")
    async with working(recording(configured)):
        assert (await run(*CHANGE, "3"))[0] == 0

        async def delivered() -> bool:
            return await count(database) == 40

        await until(delivered)
    assert await partitions(database) == (3, None)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("65",), "'65' is no number of partitions: write one from 1 to 64"),
        (("0",), "'0' is no number of partitions: write one from 1 to 64"),
        (("many",), "'many' is no number of partitions: write one from 1 to 64"),
        ((), "Say how many partitions there are to be, or --cancel, and not both."),
        (("2", "--cancel"), "Say how many partitions there are to be, or --cancel, and not both."),
    ],
)
async def test_wrong_numbers_are_refused(
    run: Run, configured: str, arguments: tuple[str, ...], sentence: str
) -> None:
    await recording(configured).register()
    code, out, err = await run(*CHANGE, *arguments)
    assert (code, out) == (2, "")
    assert sentence in err
