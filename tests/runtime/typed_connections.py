"""What type checkers say about connections: mypy and pyright read this file, nothing runs it.

An ignore that is not needed is an error to both, so a misuse that becomes legal fails as well.
"""

import asyncpg
import psycopg
from asyncpg.pool import PoolConnectionProxy

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


def right_synchronous(
    publisher: RevenueSyncPublisher,
    payload: CreditLockedV1,
    connection: psycopg.Connection[dict[str, object]],
) -> None:
    """The connection that the synchronous publisher takes."""
    publisher.credit_locked(connection, payload)


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
