import asyncio
import logging
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from pydantic import BaseModel

from deliveries_kit import (
    LATER,
    NO_WAIT,
    create_effects,
    failures,
    locked,
    numbers,
    publish,
    sales,
    write_effect,
)
from sample_contracts import CreditLockedV1, Event
from sguild_dispatcher.audit import Author
from sguild_dispatcher.cursors import skip
from sguild_dispatcher.database import Connection
from sguild_dispatcher.retries import RetryPolicy, failure_detail
from sguild_dispatcher.subscriber import DrainResult, HandlerContext, Subscriber
from sguild_dispatcher.subscriptions import SubscriberName


@pytest.fixture
async def database(connection: Connection) -> Connection:
    await create_effects(connection)
    return connection


@pytest.mark.parametrize("batch_size", [1, 3, 500])
async def test_a_poison_event_does_not_stop_its_neighbours(
    database: Connection, dsn: str, batch_size: int
) -> None:
    subscriber = sales(dsn, batch_size=batch_size)

    @subscriber.on_credit_locked
    async def refuse_three(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        await write_effect(event, context)
        if event.payload.locked_credits == 3:
            raise ValueError("three")

    await subscriber.register()
    await publish(database, *(locked(each) for each in range(1, 7)))
    assert await subscriber.drain() == DrainResult(delivered=5, retried=2, dead=1)
    assert await numbers(database) == [1, 2, 4, 5, 6]


async def test_a_batch_that_fails_leaves_no_effect_behind_twice(database: Connection, dsn: str) -> None:
    """The batch is done again with savepoints; the first effects were rolled back."""
    subscriber = sales(dsn)
    calls = []

    @subscriber.on_credit_locked
    async def last_fails(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        calls.append(event.payload.locked_credits)
        await write_effect(event, context)
        if event.payload.locked_credits == 3 and len(calls) == 3:
            raise ValueError("once")

    await subscriber.register()
    await publish(database, locked(1), locked(2), locked(3))
    assert await subscriber.drain() == DrainResult(delivered=3)
    assert calls == [1, 2, 3, 1, 2, 3]
    assert await numbers(database) == [1, 2, 3]


async def test_a_failed_event_waits_for_its_moment(database: Connection, dsn: str) -> None:
    now = datetime(2026, 6, 1, tzinfo=UTC)
    subscriber = sales(dsn, retry=RetryPolicy(max_attempts=3, base=10, cap=15), clock=lambda: now)
    attempts = []

    @subscriber.on_credit_locked
    async def fail(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        await write_effect(event, context)
        attempts.append(context.attempt)
        raise ValueError("no")

    await subscriber.register()
    await publish(database, locked(1))
    assert await subscriber.drain() == DrainResult(retried=1)
    [row] = await failures(database)
    assert now <= row["next_attempt_at"] <= now + timedelta(seconds=10)
    assert (row["state"], row["attempts"], row["reason"]) == ("retrying", 1, "handler_failed")
    now = row["next_attempt_at"] - timedelta(microseconds=1)
    assert await subscriber.drain() == DrainResult()
    now += timedelta(microseconds=1)
    assert await subscriber.drain() == DrainResult(retried=1)
    now += timedelta(seconds=15)
    assert await subscriber.drain() == DrainResult(dead=1)
    [row] = await failures(database)
    assert (row["state"], row["attempts"], row["next_attempt_at"]) == ("dead", 3, None)
    assert attempts == [1, 1, 2, 3]
    assert await numbers(database) == []


async def test_a_retry_that_succeeds_leaves_one_effect_and_no_row(database: Connection, dsn: str) -> None:
    subscriber = sales(dsn)

    @subscriber.on_credit_locked
    async def second_time(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        await write_effect(event, context)
        if context.attempt == 1:
            raise ValueError("not yet")

    await subscriber.register()
    await publish(database, locked(1))
    assert await subscriber.drain() == DrainResult(delivered=1, retried=1)
    assert await numbers(database) == [1]
    assert await failures(database) == []


async def test_one_attempt_means_no_retry(database: Connection, dsn: str) -> None:
    subscriber = sales(dsn, retry=RetryPolicy(max_attempts=1))

    @subscriber.on_credit_locked
    async def fail(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        await write_effect(event, context)
        raise ValueError("no")

    await subscriber.register()
    await publish(database, locked(1))
    assert await subscriber.drain() == DrainResult(dead=1)


def test_the_wait_doubles_up_to_its_cap_with_full_jitter() -> None:
    policy = RetryPolicy(max_attempts=10_000, base=2, cap=60)
    assert [policy.limit(each) for each in range(1, 8)] == [2, 4, 8, 16, 32, 60, 60]
    assert policy.limit(9_999) == 60
    waits = [policy.delay(3) for _ in range(300)]
    seconds = [each.total_seconds() for each in waits if each is not None]
    assert 0 <= min(seconds) < 2
    assert 6 < max(seconds) <= 8
    assert policy.delay(10_000) is None


@pytest.mark.parametrize("care", ["optimistic", "careful"])
async def test_a_swallowed_database_error_fails_its_own_event_only(
    database: Connection, dsn: str, care: str
) -> None:
    subscriber = sales(dsn, retry=LATER)

    @subscriber.on_credit_locked
    async def swallow(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        await write_effect(event, context)
        number = event.payload.locked_credits
        if number == 2:
            with pytest.raises(asyncpg.UndefinedTableError):
                await context.connection.execute("select * from nowhere")
        if number == 9:
            raise ValueError("makes the worker careful")

    await subscriber.register()
    await publish(database, *(locked(each) for each in ((9, 1, 2, 3) if care == "careful" else (1, 2, 3))))
    await subscriber.drain()
    assert await numbers(database) == [1, 3]
    assert [each["seq"] for each in await failures(database)] == ([1, 3] if care == "careful" else [2])


async def test_a_handlers_own_savepoint_works(database: Connection, dsn: str) -> None:
    subscriber = sales(dsn)

    @subscriber.on_credit_locked
    async def try_both(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        connection = context.connection
        with pytest.raises(asyncpg.UniqueViolationError):  # noqa: PT012 - the savepoint is what is tested
            async with connection.transaction():
                await write_effect(event, context)
                await connection.execute("insert into once values (1)")
        async with connection.transaction():
            await write_effect(event, context)

    await database.execute("create table once (number int primary key); insert into once values (1)")
    await subscriber.register()
    await publish(database, locked(1), locked(2))
    assert await subscriber.drain() == DrainResult(delivered=2)
    assert await numbers(database) == [1, 2]


@pytest.mark.parametrize("statement", ["commit", "rollback", "commit; begin", "rollback; begin"])
@pytest.mark.parametrize("batch_size", [1, 500])
async def test_a_handler_that_ends_the_transaction_is_named(
    database: Connection, dsn: str, statement: str, batch_size: int, caplog: pytest.LogCaptureFixture
) -> None:
    subscriber = sales(dsn, batch_size=batch_size)
    calls = []

    @subscriber.on_credit_locked
    async def control(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        calls.append(event.payload.locked_credits)
        if event.payload.locked_credits == 2:
            await context.connection.execute(statement)
        else:
            await write_effect(event, context)

    await subscriber.register()
    await publish(database, locked(1), locked(2), locked(3))
    with caplog.at_level(logging.ERROR):
        assert await subscriber.drain() == DrainResult(delivered=2, dead=1)
    [row] = await failures(database)
    assert row["detail"].startswith(
        "TransactionControlError: The handler of credit.locked in sales/crm ended"
    )
    assert "leave commit and rollback to it" in caplog.text
    # "commit; begin" is found out only where a savepoint is missing, in the second round.
    assert calls.count(2) <= 2
    # No event is handled outside of a transaction that holds the cursor, too.
    assert (await numbers(database)).count(3) == 1
    assert await subscriber.drain() == DrainResult()


async def test_a_retry_that_ends_the_transaction_is_named(database: Connection, dsn: str) -> None:
    subscriber = sales(dsn)

    @subscriber.on_credit_locked
    async def control(_event: Event[CreditLockedV1], context: HandlerContext) -> None:
        if context.attempt == 1:
            raise ValueError("once")
        await context.connection.execute("commit")

    await subscriber.register()
    await publish(database, locked(1))
    assert await subscriber.drain() == DrainResult(retried=1, dead=1)
    [row] = await failures(database)
    assert row["detail"].startswith("TransactionControlError")


@pytest.mark.parametrize("attempts", [1, 3])
async def test_an_effect_that_fails_at_commit_fails_its_own_event_only(
    database: Connection, dsn: str, attempts: int
) -> None:
    await database.execute("create table parent (number int primary key)")
    await database.execute(
        "create table child (number int references parent deferrable initially deferred);"
        "insert into parent values (1)"
    )
    subscriber = sales(dsn, retry=RetryPolicy(max_attempts=attempts, base=0, cap=0))

    @subscriber.on_credit_locked
    async def defer(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        await write_effect(event, context)
        parent = 2 if event.payload.locked_credits == 2 else 1
        await context.connection.execute("insert into child values ($1)", parent)

    await subscriber.register()
    await publish(database, locked(1), locked(2), locked(3))
    assert await subscriber.drain() == DrainResult(delivered=2, retried=attempts - 1, dead=1)
    assert await numbers(database) == [1, 3]
    [row] = await failures(database)
    assert row["detail"].startswith("ForeignKeyViolationError: insert or update on table")
    assert "Key (" not in row["detail"]


async def test_a_handler_that_closes_the_connection_is_found_out(database: Connection, dsn: str) -> None:
    subscriber = sales(dsn, retry=RetryPolicy(max_attempts=1))

    @subscriber.on_credit_locked
    async def close(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        await write_effect(event, context)
        if event.payload.locked_credits == 2:
            await context.connection.close()

    await subscriber.register()
    await publish(database, locked(1), locked(2), locked(3))
    assert await subscriber.drain() == DrainResult(delivered=2, dead=1)
    assert await numbers(database) == [1, 3]


async def test_the_detail_is_short_and_holds_no_value(database: Connection, dsn: str) -> None:
    class Strict(BaseModel):
        name: int

    subscriber = sales(dsn, retry=NO_WAIT)

    @subscriber.on_credit_locked
    async def validate(_event: Event[CreditLockedV1], _context: HandlerContext) -> None:
        Strict.model_validate({"name": "Ada Lovelace"})

    await subscriber.register()
    await publish(database, locked(1))
    await subscriber.drain()
    [row] = await failures(database)
    assert row["detail"] == "ValidationError: name: int_parsing"


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (ValueError("x" * 1000), "ValueError: " + "x" * 287 + "…"),
        (ValueError("first\nsecond"), "ValueError: first"),
        (ValueError("a\0b"), "ValueError: a\N{REPLACEMENT CHARACTER}b"),
        (ValueError("lone \ud800"), "ValueError: lone ?"),
        (KeyError(), "KeyError"),
    ],
)
def test_a_detail_can_be_stored(error: Exception, detail: str) -> None:
    assert failure_detail(error) == detail


async def test_the_log_names_event_and_reason_without_payload(
    database: Connection, dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    subscriber = sales(dsn, retry=RetryPolicy(max_attempts=1))

    @subscriber.on_credit_locked
    async def fail(event: Event[CreditLockedV1], _context: HandlerContext) -> None:
        raise ValueError(f"{event.payload.person_id} is no customer")

    await subscriber.register()
    payload = locked(1)
    [event_id] = await publish(database, payload)
    with caplog.at_level(logging.DEBUG, logger="sguild_dispatcher"):
        await subscriber.drain()
    [record] = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert record.__dict__["event_id"] == event_id
    assert record.__dict__["reason"] == "handler_failed"
    assert "credit.locked" in record.getMessage()
    assert "handler_failed: ValueError (dead letter)" in record.getMessage()
    assert str(payload.person_id) not in caplog.text


@pytest.mark.parametrize("mode", ["transactional", "leased"])
async def test_an_event_that_ends_its_process_can_be_found_and_skipped(
    database: Connection, dsn: str, caplog: pytest.LogCaptureFixture, mode: str
) -> None:
    """The task of the worker ends here in place of its process."""
    subscriber = sales(dsn, batch_size=1)
    handled: list[int] = []
    place = subscriber.leased() if mode == "leased" else subscriber

    @place.on_credit_locked
    async def die_at_two(event: Event[CreditLockedV1], _context: HandlerContext) -> None:
        if event.payload.locked_credits == 2:
            raise KeyboardInterrupt
        handled.append(event.payload.locked_credits)

    await subscriber.register()
    await publish(database, locked(1), locked(2), locked(3))
    with caplog.at_level(logging.DEBUG, logger="sguild_dispatcher"):
        await asyncio.to_thread(interrupted, subscriber)
    last = [each.__dict__ for each in caplog.records if each.__dict__.get("code") == "batch-fetched"][-1]
    assert (last["seqs"], len(last["event_ids"])) == ([2], 1)
    await skip(database, SubscriberName("sales", "crm"), to=last["seqs"][0] + 1, author=Author(actor="ada"))
    assert await subscriber.drain() == DrainResult(delivered=1)
    assert handled == [1, 3]


def interrupted(subscriber: Subscriber) -> None:
    with pytest.raises(KeyboardInterrupt):
        asyncio.run(subscriber.drain())
