"""A leased handler's own transaction: what it writes after a claim happens once, however often it runs."""

import inspect
from typing import Any

import psycopg
import pytest
from django.db import connection as django_connection
from django.db import transaction as django_transaction

from deliveries_kit import create_effects, locked, numbers, publish, sales
from joining_kit import Way, django_database, every_way
from sample_contracts import CreditLockedV1, Event
from sguild_dispatcher.database import Connection
from sguild_dispatcher.errors import NotInTransactionError, NoTransactionError, UnsupportedConnectionError
from sguild_dispatcher.subscriber import DrainResult, HandlerContext

REWIND = """
    insert into sguild_dispatcher.cursor (subscription_id, domain, partition, version, generation, done)
    select subscription_id, domain, partition, max(version) + 1, 1, '3:3:'
    from sguild_dispatcher.cursor group by 1, 2, 3
"""


@pytest.fixture
async def database(connection: Connection) -> Connection:
    await create_effects(connection)
    return connection


async def claimed(context: HandlerContext, connection: Any) -> bool:
    result = context.claim(connection)
    return bool(await result if inspect.isawaitable(result) else result)


@every_way
async def test_a_claim_commits_with_the_handlers_transaction(
    database: Connection, dsn: str, way: Way
) -> None:
    """The first attempt rolls back after its claim, the second commits and then the process fails."""
    subscriber = sales(dsn)
    seen: list[tuple[int, bool]] = []
    async with way.open(dsn) as joined:
        # Django's connections belong to the task that uses them first, and are closed by this one.
        async with joined.begin():
            pass

        @subscriber.leased().on_credit_locked
        async def call(_event: Event[CreditLockedV1], context: HandlerContext) -> None:
            async with joined.begin():
                seen.append((context.attempt, await claimed(context, joined.connection)))
                if context.attempt == 1:
                    raise LookupError
            raise LookupError

        await subscriber.register()
        await publish(database, locked(1))
        assert await subscriber.drain() == DrainResult(retried=2)
    assert seen == [(1, True), (2, True)]
    assert await database.fetchval("select count(*) from sguild_dispatcher.inbox") == 1
    # The third attempt was not made, since the effects of the second are committed.
    assert await database.fetchval("select count(*) from sguild_dispatcher.failed_delivery") == 0


async def test_a_claim_says_that_the_effects_are_there_already(database: Connection, dsn: str) -> None:
    subscriber = sales(dsn)
    answers: list[bool] = []

    @subscriber.leased().on_credit_locked
    async def call(_event: Event[CreditLockedV1], context: HandlerContext) -> None:
        for _ in range(2):
            async with database.transaction():
                answers.append(await context.claim(database))

    await subscriber.register()
    await publish(database, locked(1))
    await subscriber.drain()
    assert answers == [True, False]


async def test_a_plain_function_claims_on_its_own_connection(database: Connection, dsn: str) -> None:
    subscriber = sales(dsn)

    def write(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        with psycopg.connect(dsn) as connection:
            if context.claim(connection):
                connection.execute("insert into effect (number) values (%s)", [event.payload.locked_credits])

    subscriber.leased()._handle(write, "credit.locked", 1)
    await subscriber.register()
    await publish(database, locked(1), locked(2))
    await subscriber.drain()
    await database.execute(REWIND)
    assert await subscriber.drain() == DrainResult(duplicates=2)
    assert await numbers(database) == [1, 2]


async def test_a_django_handler_claims_in_atomic(database: Connection, dsn: str) -> None:
    subscriber = sales(dsn)

    def write(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        # Django's connections belong to threads; a handler's thread closes what it opened.
        try:
            with django_transaction.atomic():
                if context.claim(django_connection):
                    with django_connection.cursor() as cursor:
                        cursor.execute(
                            "insert into effect (number) values (%s)", [event.payload.locked_credits]
                        )
        finally:
            django_connection.close()

    subscriber.leased()._handle(write, "credit.locked", 1)
    await subscriber.register()
    await publish(database, locked(1), locked(2))
    with django_database(dsn):
        assert await subscriber.drain() == DrainResult(delivered=2)
    assert await numbers(database) == [1, 2]


async def test_a_claim_needs_a_transaction_and_a_connection(database: Connection, dsn: str) -> None:
    subscriber = sales(dsn)

    @subscriber.leased().on_credit_locked
    async def call(_event: Event[CreditLockedV1], context: HandlerContext) -> None:
        with pytest.raises(NotInTransactionError):
            await context.claim(database)
        with pytest.raises(UnsupportedConnectionError):
            context.claim(object())

    await subscriber.register()
    await publish(database, locked(1))
    assert await subscriber.drain() == DrainResult(delivered=1)


async def test_a_transactional_handler_needs_no_claim(database: Connection, dsn: str) -> None:
    subscriber = sales(dsn)

    @subscriber.on_credit_locked
    async def call(_event: Event[CreditLockedV1], context: HandlerContext) -> None:
        with pytest.raises(NoTransactionError, match=r"is not leased: context\.connection is all it needs"):
            context.claim(context.connection)

    await subscriber.register()
    await publish(database, locked(1))
    assert await subscriber.drain() == DrainResult(delivered=1)
