"""Connections that end at any place: what was committed arrives, once and in order."""

import asyncio
from typing import Any

import asyncpg
import psycopg
import pytest

from cutting_proxy import cutting_proxy
from deliveries_kit import create_effects, locked, numbers, publish, sales, write_effect
from faults_kit import Publishing, Report, Scale, Service, running, scales, started
from sample_contracts import CreditLockedV1, Event
from sguild_dispatcher.database import Connection
from sguild_dispatcher.subscriber import DrainResult, HandlerContext
from verdict import arrival, conclude

TERMINATE_ONE = """
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() order by md5(pid::text || $1) limit 1
"""


TERMINATE_ALL = """
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
"""


@scales(sample=Scale(events=200, faults=10, seed=5), full=Scale(events=4_000, faults=200, seed=5))
async def test_sessions_that_the_server_ends(
    database: Connection, database_dsn: str, scale: Scale, report: Report
) -> None:
    chance = scale.chance()
    services = [Service(dsn=database_dsn, name=name, handler_seconds=0.001) for name in ("crm", "mail")]
    subscribers = [each.subscriber() for each in services]
    for each in subscribers:
        await each.register(partitions=2)
    publishing = Publishing()
    ended = 0

    def enough() -> bool:
        return ended >= scale.faults and len(publishing.acknowledged) >= scale.events

    async with running(*subscribers):
        await started(database_dsn, 4)
        publishers = asyncio.gather(
            *(publishing.at_random(database_dsn, chance, enough=enough, pause=0.02) for _ in range(3))
        )
        while ended < scale.faults:
            await asyncio.sleep(chance.uniform(0, 0.2))
            ended += len(await database.fetch(TERMINATE_ONE, str(chance.random())))
        await publishers
        await arrival(database, database, len(services))
    await conclude(database, publishing, services, f"{ended} sessions ended", report)


@scales(sample=Scale(events=200, faults=15, seed=6), full=Scale(events=4_000, faults=300, seed=6))
async def test_connections_cut_in_the_middle_of_a_message(
    database: Connection, database_dsn: str, scale: Scale, report: Report
) -> None:
    chance = scale.chance()
    async with cutting_proxy(database_dsn, chance) as (proxy, through):
        services = [Service(dsn=through, name=name, handler_seconds=0.001) for name in ("crm", "mail")]
        subscribers = [each.subscriber() for each in services]
        for each in subscribers:
            await each.register(partitions=2)
        publishing = Publishing()

        def enough() -> bool:
            return proxy.cuts >= scale.faults and len(publishing.acknowledged) >= scale.events

        async with running(*subscribers):
            await started(database_dsn, 4)  # the first connections have to come through
            proxy.cut_after(400_000)
            await asyncio.gather(
                *(publishing.at_random(through, chance, enough=enough, pause=0.02) for _ in range(3))
            )
            proxy.cut_after(None)
            await arrival(database, database, len(services))
        await conclude(database, publishing, services, f"{proxy.cuts} connections cut", report)


async def test_a_connection_that_is_lost_before_it_listens(
    dsn: str, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first connection of a worker may fail it; a later one is opened again."""
    listened = 0
    original = asyncpg.Connection.add_listener

    async def lose_the_second(self: Connection, *arguments: Any) -> None:
        nonlocal listened
        listened += 1
        if listened == 2:
            self.terminate()
        await original(self, *arguments)

    monkeypatch.setattr(asyncpg.Connection, "add_listener", lose_the_second)
    subscriber = sales(dsn)
    await subscriber.register()
    async with running(subscriber):
        await started(dsn, 1)
        await connection.execute(TERMINATE_ALL)
        async with asyncio.timeout(20):
            while listened < 3:  # noqa: ASYNC110 - it counts calls
                await asyncio.sleep(0.02)


@pytest.mark.parametrize("turns", range(5))
async def test_a_session_that_ends_between_two_statements(
    dsn: str, connection: Connection, *, turns: int
) -> None:
    """The driver may know of the end, or only of its notice, or of nothing when the next statement comes."""
    subscriber = sales(dsn)
    await create_effects(connection)
    calls = 0

    @subscriber.on_credit_locked
    async def end_session_once(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        nonlocal calls
        calls += 1
        await write_effect(event, context)
        if calls == 1:
            with psycopg.connect(dsn, autocommit=True) as other:
                other.execute("select pg_terminate_backend(%s, 5000)", [context.connection.get_server_pid()])
            for _ in range(turns):
                await asyncio.sleep(0)

    await subscriber.register()
    await publish(connection, locked(1))
    assert await subscriber.drain() == DrainResult(delivered=1)
    assert await numbers(connection) == [1]
