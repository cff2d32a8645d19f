"""Publishing, as the documentation shows it: no errors."""

from datetime import datetime
from typing import assert_type

import asyncpg
import psycopg

from sguild_contracts import (
    CreditLocked,
    CreditLockedV1,
    CreditReleasedV2,
    CreditReservationId,
    EventId,
    LessonId,
    PersonId,
    RevenuePublisher,
    RevenueSyncPublisher,
)
from sguild_dispatcher import Keyring, request_context


def locked(person: PersonId, lesson: LessonId, at: datetime) -> CreditLocked:
    return CreditLocked(
        credit_reservation_id=CreditReservationId.mint(),
        lesson_id=lesson,
        person_id=person,
        locked_credits=2,
        locked_at=at,
    )


async def publish(
    publisher: RevenuePublisher, connection: "asyncpg.Connection[asyncpg.Record]", payload: CreditLocked
) -> EventId:
    with request_context(tenant_id="org_1", actor=payload.person_id):
        async with connection.transaction():
            await connection.execute("update lesson set locked = true")
            return await publisher.credit_locked(connection, payload)


async def publish_from_a_pool(publisher: RevenuePublisher, dsn: str, payload: CreditLockedV1) -> None:
    async with asyncpg.create_pool(dsn) as pool, pool.acquire() as connection, connection.transaction():
        event_id = await publisher.credit_locked(connection, payload)
        assert_type(event_id, EventId)


async def publish_with_psycopg(
    publisher: RevenuePublisher, connection: psycopg.AsyncConnection, payload: CreditLocked
) -> None:
    async with connection.transaction():
        await publisher.credit_locked(connection, payload)


def publish_without_asyncio(dsn: str, keyring: Keyring, payload: CreditLocked) -> None:
    publisher = RevenueSyncPublisher(keyring=keyring)
    with psycopg.connect(dsn) as connection, connection.transaction():
        assert_type(publisher.credit_locked(connection, payload), EventId)


async def publish_any_event(
    publisher: RevenuePublisher,
    connection: "asyncpg.Connection[asyncpg.Record]",
    locked: CreditLocked,
    released: CreditReleasedV2,
) -> None:
    await publisher.credit_released(connection, released)
    assert_type(await publisher.publish(connection, released), EventId)
    either = locked if locked.locked_credits else released
    assert_type(await publisher.publish(connection, either), EventId)


async def publish_many(
    publisher: RevenuePublisher,
    connection: "asyncpg.Connection[asyncpg.Record]",
    locked: list[CreditLocked],
    released: CreditReleasedV2,
) -> None:
    assert_type(await publisher.publish_many(connection, locked), list[EventId])
    await publisher.publish_many(connection, (*locked, released))
    await publisher.publish_many(connection, (each for each in locked))


def publish_many_without_asyncio(
    publisher: RevenueSyncPublisher, connection: psycopg.Connection, locked: list[CreditLocked]
) -> None:
    assert_type(publisher.publish_many(connection, locked), list[EventId])
