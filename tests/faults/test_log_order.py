"""Commits in whatever order: each event arrives, once, and those of a key in their order."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial

from deliveries_kit import locked, publisher
from faults_kit import BOTH, Publishing, Report, Scale, Service, running, scales
from sample_contracts import CreditLockedV1, Event
from sguild_dispatcher.context import request_context
from sguild_dispatcher.database import Connection, connect
from sguild_dispatcher.subscriber import HandlerContext
from verdict import arrival, judge, nothing_is_left


async def publish_quickly(publishing: Publishing, dsn: str, chance: random.Random, events: int) -> None:
    connection = await connect(dsn)
    while len(publishing.acknowledged) < events:
        await publishing.transaction(connection, chance, events=chance.randint(5, 60))
        await asyncio.sleep(0)
    await connection.close()


async def publish_late(publishing: Publishing, dsn: str, chance: random.Random, events: int) -> int:
    """Hold transactions open while many others commit, and return how many did commit in the end."""
    connection = await connect(dsn)
    late = 0
    while len(publishing.acknowledged) < events:
        undo = chance.choice(["nothing", "nothing", "a part", "all"])
        await publishing.transaction(
            connection,
            chance,
            events=chance.randint(2, 6),
            hold=chance.uniform(0.02, 0.4),
            undo=undo,  # type: ignore[arg-type]
        )
        late += undo != "all"
    await connection.close()
    return late


@scales(sample=Scale(events=1_000), full=Scale(events=20_000), versions=BOTH)
async def test_late_commits(database: Connection, database_dsn: str, scale: Scale, report: Report) -> None:
    chance = scale.chance()
    service = Service(dsn=database_dsn)
    subscriber = service.subscriber()
    await subscriber.register()
    publishing = Publishing()
    publish = partial(publish_late, publishing, database_dsn, chance, scale.events)
    async with running(subscriber):
        late, *_ = await asyncio.gather(
            asyncio.gather(*(publish() for _ in range(8))),
            publish_quickly(publishing, database_dsn, chance, scale.events),
            publish_quickly(publishing, database_dsn, chance, scale.events),
        )
        await arrival(database, database)
    verdict = await judge(database, database)
    report(f"{sum(late)} late commits, {publishing.rolled_back} rolled back; {verdict}")
    assert verdict.published == len(publishing.acknowledged)
    verdict.check()
    await nothing_is_left(service)


@scales(sample=Scale(events=600, seed=2), full=Scale(events=9_000, seed=2), versions=BOTH)
async def test_six_publishers_and_three_subscribers(
    database: Connection, database_dsn: str, scale: Scale, report: Report
) -> None:
    chance = scale.chance()
    services = [Service(dsn=database_dsn, name=name, batch_size=40) for name in ("crm", "mail", "audit")]
    subscribers = [each.subscriber() for each in services]
    for each, partitions in zip(subscribers, (1, 3, 8), strict=True):
        await each.register(partitions=partitions)
    publishing = Publishing()

    def enough() -> bool:
        return len(publishing.acknowledged) >= scale.events

    async with running(*subscribers):
        await asyncio.gather(*(publishing.at_random(database_dsn, chance, enough=enough) for _ in range(6)))
        await arrival(database, database, len(services))
    assert publishing.unknown == 0
    for service in services:
        verdict = await judge(database, database, service.name)
        report(f"{service.name}: {publishing.rolled_back} rolled back; {verdict}")
        assert verdict.published == len(publishing.acknowledged)
        verdict.check()
    await nothing_is_left(*services)


COMMIT_FOR_EVER = """
    do $$ begin
        loop
            perform pg_catalog.pg_current_xact_id();
            commit;
            perform pg_catalog.pg_sleep(0.0001);
        end loop;
    end $$
"""


@asynccontextmanager
async def others_committing(dsn: str) -> AsyncIterator[None]:
    """Let a session commit thousands of transactions a second, some between any two statements of others."""
    connection = await connect(dsn)
    task = asyncio.create_task(connection.execute(COMMIT_FOR_EVER))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await connection.close()


@scales(sample=Scale(events=200, seed=3), full=Scale(events=4_000, seed=3), versions=BOTH)
async def test_a_handler_that_publishes_what_its_subscriber_reads(
    database: Connection, database_dsn: str, scale: Scale, report: Report
) -> None:
    """Each event leads to the next of its chain, up to the tenth; some handlers fail, twice at most."""
    chance = scale.chance()
    service = Service(dsn=database_dsn, batch_size=40)
    subscriber = service.subscriber()
    subscriber._handlers._handlers.clear()
    failures: Counter[str] = Counter()

    @subscriber.on_credit_locked
    async def go_on(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        await service.write_effect(context.connection, event)
        step = event.payload.locked_credits
        if step < 10:
            await publisher().publish(
                context.connection, locked(step + 1, lesson=str(event.payload.lesson_id))
            )
        if failures[event.event_id] < 2 and chance.random() < (0.5 if failures[event.event_id] else 0.02):
            failures[event.event_id] += 1
            raise LookupError

    await subscriber.register(partitions=2)
    async with running(subscriber), others_committing(database_dsn):
        with request_context(tenant_id="tenant-1"):
            for _ in range(scale.events // 10):
                async with database.transaction():
                    await publisher().publish(database, locked(1))
                await asyncio.sleep(0.02)  # what is fetched at once, and not by a window, is at risk here
        await arrival(database, database, events=scale.events)
    verdict = await judge(database, database)
    report(f"{failures.total()} failures of handlers; {verdict}")
    assert verdict.published == scale.events
    verdict.check()
