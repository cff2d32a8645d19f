"""What the tests of delivery share: a subscriber of the sample contracts, and ways to publish and to look."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, TypeAlias

import asyncpg

from sample_contracts import (
    CreditLockedV1,
    CreditReleasedV1,
    CreditReleasedV2,
    Event,
    LessonId,
    PersonId,
    RevenuePublisher,
    registry,
)
from sguild_dispatcher.context import request_context
from sguild_dispatcher.database import Connection
from sguild_dispatcher.retries import RetryPolicy
from sguild_dispatcher.settings import Settings
from sguild_dispatcher.signing import Keyring
from sguild_dispatcher.subscriber import HandlerContext, Subscriber

DOMAINS = ("sales", "revenue", "delivery", "operations")
KEYRING = Keyring.generate(DOMAINS)
NO_WAIT = RetryPolicy(max_attempts=3, base=0, cap=0)
LATER = RetryPolicy(max_attempts=3, base=1000, cap=1000)

LockedHandler: TypeAlias = Callable[[Event[CreditLockedV1], HandlerContext], Awaitable[None]]
EarlyHandler: TypeAlias = Callable[[Event[CreditReleasedV1], HandlerContext], Awaitable[None]]
ReleasedAdapter: TypeAlias = Callable[[CreditReleasedV1], CreditReleasedV2]
ReleasedHandler: TypeAlias = Callable[[Event[CreditReleasedV2], HandlerContext], Awaitable[None]]


class SalesSubscriber(Subscriber):
    """Reads for sales, as generated code does."""

    domain = "sales"
    registry = registry

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(name, **options)
        self.adapt_credit_released_v1_to_v2(by_an_operator)

    def on_credit_locked(self, handler: LockedHandler) -> LockedHandler:
        """Credits of a lesson were locked."""
        return self._handle(handler, "credit.locked", 1)

    def on_credit_released(self, handler: ReleasedHandler) -> ReleasedHandler:
        """Credits were released."""
        return self._handle(handler, "credit.released", 2)

    def on_credit_released_v1(self, handler: EarlyHandler) -> EarlyHandler:
        """Credits were released, in version 1."""
        return self._handle(handler, "credit.released", 1)

    def adapt_credit_released_v1_to_v2(self, adapter: ReleasedAdapter) -> ReleasedAdapter:
        """Make version 2 of version 1."""
        return self._adapt(adapter, "credit.released", 1, 2)


def by_an_operator(old: CreditReleasedV1) -> CreditReleasedV2:
    """Say of what was released before there were reasons that an operator did it."""
    return CreditReleasedV2(credit_account_id=old.credit_account_id, person_id=old.person_id, automatic=False)


def sales(dsn: str, name: str = "crm", *, batch_size: int = 500, **options: Any) -> SalesSubscriber:
    """Return a subscriber that neither waits long nor reads the environment."""
    options.setdefault("retry", NO_WAIT)
    options.setdefault("keyring", KEYRING)
    settings = Settings(dsn=dsn, batch_size=batch_size, poll_interval=0.05, lease_seconds=1)
    return SalesSubscriber(name, settings=settings, **options)


def locked(number: int = 1, *, lesson: str | None = None) -> CreditLockedV1:
    """Return a payload that ``number`` tells apart from others."""
    return CreditLockedV1(
        lesson_id=LessonId.mint() if lesson is None else LessonId(lesson),
        person_id=PersonId.mint(),
        locked_credits=number,
        locked_at=datetime.now(UTC),
    )


def publisher() -> RevenuePublisher:
    """Return the publisher of revenue."""
    return RevenuePublisher(keyring=KEYRING, settings=Settings())


async def publish(connection: Connection, *payloads: Any) -> list[str]:
    """Publish in one transaction, and return the events' ids."""
    with request_context(tenant_id="tenant-1"):
        async with connection.transaction():
            return [await publisher().publish(connection, each) for each in payloads]


async def numbers(connection: Connection, table: str = "effect") -> list[int]:
    """Return the committed effects of :func:`recording` in the order in which they were written."""
    return [row["number"] for row in await connection.fetch(f"select number from {table} order by id")]  # noqa: S608


async def create_effects(connection: Connection, name: str = "effect") -> None:
    """Create the table that :func:`recording` writes to."""
    await connection.execute(
        f"create table {name} (id bigint generated always as identity, number int not null)"
    )


def recording(subscriber: SalesSubscriber) -> None:
    """Let the subscriber write each credit.locked into ``effect``."""

    @subscriber.on_credit_locked
    async def record(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        await write_effect(event, context)


async def write_effect(event: Event[CreditLockedV1], context: HandlerContext) -> None:
    """Write the effect of one event."""
    await context.connection.execute("insert into effect (number) values ($1)", event.payload.locked_credits)


async def failures(connection: Connection) -> list[asyncpg.Record]:
    """Return the retries and dead letters."""
    return await connection.fetch("select * from sguild_dispatcher.failed_delivery order by seq")


@asynccontextmanager
async def running(subscriber: Subscriber) -> AsyncGenerator[None, None]:
    """Run a subscriber for the length of a block."""
    task = asyncio.create_task(subscriber.run())
    await asyncio.sleep(0)  # what has not begun cannot be stopped
    try:
        yield
    finally:
        await subscriber.stop()
        await task


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    """Wait until ``condition`` holds."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - the condition lies in the database
            await asyncio.sleep(0.02)
