"""A disk that is full when a dead letter is to be stored: nothing is lost, and the worker goes on."""

import asyncio
import json
from dataclasses import replace

import pytest

from deliveries_kit import KEYRING, NO_WAIT, SalesSubscriber, until
from faults_kit import Publishing, Report, Scale, Service, running, scales
from sample_contracts import CreditLockedV1, Event
from sguild_dispatcher.database import Connection, connect
from sguild_dispatcher.retries import RetryPolicy
from sguild_dispatcher.subscriber import HandlerContext
from verdict import judge, nothing_is_left

DISK_FULL = """
    create function disk_full() returns trigger language plpgsql as $$
    begin
        raise exception using errcode = '53100', message = 'could not extend file: No space left on device';
    end $$;
    create trigger disk_full before insert or update on sguild_dispatcher.failed_delivery
    for each row execute function disk_full()
"""
DISK_HAS_SPACE = "drop trigger disk_full on sguild_dispatcher.failed_delivery; drop function disk_full"
DEAD = "select event_id from sguild_dispatcher.failed_delivery where state = 'dead'"
ALL_SETTLED = """
    select not exists (
        select from sguild_dispatcher.event_log as log
        where log.event_id not in (select event_id from effect)
            and log.event_id not in (
                select event_id from sguild_dispatcher.failed_delivery where state = 'dead'
            )
    )
"""


def hopeless(number: int) -> bool:
    return number % 17 == 0


def choosy(service: Service, retry: RetryPolicy) -> SalesSubscriber:
    """Return a subscriber that takes most events and never takes some."""
    subscriber = SalesSubscriber(service.name, settings=service.settings(), keyring=KEYRING, retry=retry)

    @subscriber.on_credit_locked
    async def take(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        await service.write_effect(context.connection, event)
        if hopeless(event.payload.locked_credits):
            raise LookupError

    return subscriber


@pytest.mark.parametrize("attempts", [1, 3])
@scales(sample=Scale(events=120, faults=2, seed=10), full=Scale(events=2_000, faults=10, seed=10))
async def test_a_disk_that_is_full(
    database: Connection, database_dsn: str, scale: Scale, report: Report, attempts: int
) -> None:
    chance = scale.chance()
    service = Service(dsn=database_dsn)
    subscriber = choosy(service, replace(NO_WAIT, max_attempts=attempts))
    await subscriber.register(partitions=2)
    publishing = Publishing()
    full = 0
    connection = await connect(database_dsn)
    async with running(subscriber) as tasks:
        while full < scale.faults or len(publishing.acknowledged) < scale.events:
            await database.execute(DISK_FULL)
            for _ in range(scale.events // scale.faults // 10):
                await publishing.transaction(connection, chance, events=10)
            await asyncio.sleep(chance.uniform(0.1, 0.5))
            assert not any(each.done() for each in tasks)
            await database.execute(DISK_HAS_SPACE)
            full += 1
            await asyncio.sleep(chance.uniform(0, 0.3))
        await settled(database)
    await connection.close()
    verdict = await judge(database, database)
    dead = {each["event_id"] for each in await database.fetch(DEAD)}
    verdict = replace(verdict, lost=verdict.lost - len(dead))
    report(f"the disk was full {full} times; {verdict}, and {len(dead)} are dead letters")
    hopeless_events = {
        each["event_id"]
        for each in await database.fetch("select event_id, body from sguild_dispatcher.event_log")
        if hopeless(json.loads(each["body"])["payload"]["locked_credits"])
    }
    assert dead == hopeless_events
    verdict.check()
    await nothing_is_left(service)


async def settled(database: Connection) -> None:
    """Wait until each event has an effect or is a dead letter."""

    async def condition() -> bool:
        return bool(await database.fetchval(ALL_SETTLED))

    await until(condition)
