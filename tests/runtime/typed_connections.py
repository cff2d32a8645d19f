"""What type checkers say about connections: mypy and pyright read this file, nothing runs it.

An ignore that is not needed is an error to both, so a misuse that becomes legal fails as well.
"""

import asyncpg
import psycopg
from asyncpg.pool import PoolConnectionProxy
from django.db import connection as django_proxy
from django.db import connections as django_connections
from sqlalchemy import Connection, Engine
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, async_scoped_session
from sqlalchemy.orm import Session, scoped_session

from sample_contracts import (
    CreditLockedV1,
    CreditReleasedV2,
    LessonId,
    RevenuePublisher,
    RevenueSyncPublisher,
)


async def right(
    publisher: RevenuePublisher,
    payload: CreditLockedV1,
    plain: "asyncpg.Connection[asyncpg.Record]",
    pooled: "PoolConnectionProxy[asyncpg.Record]",
    other: psycopg.AsyncConnection[tuple[object, ...]],
) -> None:
    """Every connection that the publisher takes."""
    await publisher.credit_locked(plain, payload)
    await publisher.credit_locked(pooled, payload)
    await publisher.credit_locked(other, payload)


async def right_of_sqlalchemy(
    publisher: RevenuePublisher,
    payload: CreditLockedV1,
    session: AsyncSession,
    scoped: async_scoped_session[AsyncSession],
    connection: AsyncConnection,
) -> None:
    """What SQLAlchemy has for asyncio."""
    await publisher.credit_locked(session, payload)
    await publisher.credit_locked(scoped, payload)
    await publisher.credit_locked(connection, payload)


def right_synchronous(
    publisher: RevenueSyncPublisher,
    payload: CreditLockedV1,
    connection: psycopg.Connection[dict[str, object]],
) -> None:
    """The connection that the synchronous publisher takes."""
    publisher.credit_locked(connection, payload)


def right_of_sqlalchemy_and_django(
    publisher: RevenueSyncPublisher,
    payload: CreditLockedV1,
    session: Session,
    scoped: scoped_session[Session],
    connection: Connection,
) -> None:
    """What the libraries have for code without asyncio."""
    publisher.credit_locked(session, payload)
    publisher.credit_locked(scoped, payload)
    publisher.credit_locked(connection, payload)
    publisher.credit_locked(django_proxy, payload)
    publisher.credit_locked(django_connections["default"], payload)


async def wrong_of_sqlalchemy(
    *,
    publisher: RevenuePublisher,
    synchronous: RevenueSyncPublisher,
    payload: CreditLockedV1,
    session: Session,
    asynchronous: AsyncSession,
    engine: Engine,
) -> None:
    """Misuses: each line is an error."""
    await publisher.credit_locked(session, payload)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    await publisher.credit_locked(django_proxy, payload)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    synchronous.credit_locked(asynchronous, payload)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    synchronous.credit_locked(engine, payload)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


async def wrong(
    *,
    publisher: RevenuePublisher,
    synchronous: RevenueSyncPublisher,
    payload: CreditLockedV1,
    released: CreditReleasedV2,
    plain: "asyncpg.Connection[asyncpg.Record]",
    sync: psycopg.Connection,
) -> None:
    """Misuses: each line is an error."""
    await publisher.credit_locked(sync, payload)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    synchronous.credit_locked(plain, payload)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    await publisher.credit_locked(plain, released)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    payload.person_id = payload.person_id  # type: ignore[misc] # pyright: ignore[reportAttributeAccessIssue]
    CreditLockedV1(
        lesson_id=payload.lesson_id,
        person_id=LessonId.mint(),  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        locked_credits=1,
        locked_at=payload.locked_at,
    )
