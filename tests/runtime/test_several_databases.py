"""A subscriber whose own database is another one than the log of a producer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import asyncpg
import pytest

from deliveries_kit import (
    KEYRING,
    LATER,
    NO_WAIT,
    SalesSubscriber,
    create_effects,
    failures,
    locked,
    numbers,
    publish,
    recording,
    write_effect,
)
from sample_contracts import CreditLockedV1, Event
from sguild_dispatcher.database import Connection
from sguild_dispatcher.errors import SettingsError, UnknownSubscriptionError
from sguild_dispatcher.retries import RetryPolicy
from sguild_dispatcher.settings import Settings
from sguild_dispatcher.subscriber import DrainResult, HandlerContext
from sguild_dispatcher.testing.postgres import create_database, drop_database
from sguild_dispatcher.transport.postgres import PostgresSession


@pytest.fixture
async def home_dsn(postgres: str, template: str) -> AsyncIterator[str]:
    """The subscriber's own database; that of ``dsn`` is revenue's."""
    created = await create_database(postgres, template=template)
    yield created
    await drop_database(created)


@pytest.fixture
async def home(home_dsn: str) -> AsyncIterator[Connection]:
    opened: Connection = await asyncpg.connect(home_dsn)
    await create_effects(opened)
    yield opened
    await opened.close()


def reader(home_dsn: str, dsn: str, **options: Any) -> SalesSubscriber:
    options.setdefault("retry", NO_WAIT)
    return SalesSubscriber(
        "crm",
        keyring=KEYRING,
        settings=Settings(
            dsn=home_dsn, producer_dsns={"revenue": dsn}, batch_size=3, poll_interval=0.05, lease_seconds=1
        ),
        **options,
    )


async def test_effects_are_at_home_and_the_cursor_is_where_the_log_is(
    connection: Connection, dsn: str, home: Connection, home_dsn: str
) -> None:
    subscriber = reader(home_dsn, dsn)
    recording(subscriber)
    assert await subscriber.register()
    await publish(connection, *(locked(each) for each in range(1, 8)))
    assert await subscriber.drain() == DrainResult(delivered=7)
    assert await numbers(home) == [1, 2, 3, 4, 5, 6, 7]
    assert await home.fetchval("select count(*) from sguild_dispatcher.inbox") == 7
    assert await connection.fetchval("select max(version) from sguild_dispatcher.cursor") > 1
    assert await home.fetchval("select max(version) from sguild_dispatcher.cursor") == 1


async def test_events_of_both_logs_arrive(
    connection: Connection, dsn: str, home: Connection, home_dsn: str
) -> None:
    subscriber = reader(home_dsn, dsn)
    recording(subscriber)
    await subscriber.register()
    await publish(connection, locked(1))
    await publish(home, locked(2))
    assert await subscriber.drain() == DrainResult(delivered=2)
    assert sorted(await numbers(home)) == [1, 2]


async def test_failures_are_kept_at_home_and_tried_again_there(
    connection: Connection, dsn: str, home: Connection, home_dsn: str
) -> None:
    subscriber = reader(home_dsn, dsn)

    @subscriber.on_credit_locked
    async def fail_once(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        if event.payload.locked_credits == 2 and context.attempt < 3:
            raise LookupError
        await context.connection.execute(
            "insert into effect (number) values ($1)", event.payload.locked_credits
        )

    await subscriber.register()
    await publish(connection, locked(1), locked(2), locked(3))
    assert await subscriber.drain() == DrainResult(delivered=3, retried=2)
    assert await numbers(home) == [1, 3, 2]
    assert await failures(home) == await failures(connection) == []


async def test_a_retry_knows_its_log(
    connection: Connection, dsn: str, home: Connection, home_dsn: str
) -> None:
    subscriber = reader(home_dsn, dsn, retry=LATER)

    @subscriber.on_credit_locked
    async def fail(_event: Event[CreditLockedV1], _context: HandlerContext) -> None:
        raise LookupError

    await subscriber.register()
    # The first event of both logs, and so of one seq.
    await publish(connection, locked(1))
    await publish(home, locked(2))
    assert await subscriber.drain() == DrainResult(retried=2)
    assert sorted((each["log"], each["seq"]) for each in await failures(home)) == [("", 1), ("revenue", 1)]


DONE_ELSEWHERE = """
    insert into sguild_dispatcher.inbox (subscription_id, domain, producer, event_id)
    select subscription_id, domain, producer, event_id from sguild_dispatcher.failed_delivery
"""


class Crash(BaseException):
    """The process ends here: nothing is caught, nothing is cleaned up in the database."""


@pytest.mark.parametrize("care", ["all go well", "one fails"])
@pytest.mark.parametrize("moves", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("side", ["window or position", "effects"])
async def test_a_crash_between_two_commits_loses_and_repeats_nothing(
    connection: Connection,
    dsn: str,
    home: Connection,
    home_dsn: str,
    monkeypatch: pytest.MonkeyPatch,
    *,
    side: str,
    moves: int,
    care: str,
) -> None:
    """The order is: the frozen window, effects and inbox, the position. It ends after the nth of a side."""
    done = 0
    method = "move_cursor" if side == "window or position" else "claim"
    original = getattr(PostgresSession, method)

    async def crash(self: PostgresSession, *arguments: Any, **options: Any) -> Any:
        nonlocal done
        if done == moves:
            raise Crash
        done += 1
        return await original(self, *arguments, **options)

    def service() -> SalesSubscriber:
        subscriber = reader(home_dsn, dsn)

        @subscriber.on_credit_locked
        async def record(event: Event[CreditLockedV1], context: HandlerContext) -> None:
            if care == "one fails" and event.payload.locked_credits == 2 and context.attempt == 1:
                raise LookupError
            await context.connection.execute(
                "insert into effect (number) values ($1)", event.payload.locked_credits
            )

        return subscriber

    await service().register()
    await publish(connection, *(locked(each) for each in range(1, 8)))
    with monkeypatch.context() as patch:
        patch.setattr(PostgresSession, method, crash)
        with suppress(Crash):
            await service().drain()
    await publish(connection, locked(8))
    await service().drain()
    assert sorted(await numbers(home)) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert await failures(home) == []


async def test_a_subscriber_is_registered_in_both_databases(
    connection: Connection, dsn: str, home: Connection, home_dsn: str
) -> None:
    subscriber = reader(home_dsn, dsn)
    recording(subscriber)
    with pytest.raises(UnknownSubscriptionError):
        await subscriber.drain()
    await subscriber.register()
    for each in (connection, home):
        assert await each.fetchval("select count(*) from sguild_dispatcher.subscription") == 1


async def test_a_dsn_of_what_is_no_domain_is_refused(home_dsn: str, dsn: str) -> None:
    subscriber = SalesSubscriber(
        "crm", keyring=KEYRING, settings=Settings(dsn=home_dsn, producer_dsns={"revenu": dsn})
    )
    recording(subscriber)
    with pytest.raises(SettingsError, match="SGUILD_DISPATCHER_DSN_REVENU names no domain of the registry"):
        await subscriber.drain()


async def test_a_worker_that_was_thought_dead_repeats_no_effect(
    connection: Connection, dsn: str, home: Connection, home_dsn: str
) -> None:
    """Another process does its events while it is at them: it finds them in the inbox, and rolls back."""
    slow, quick = reader(home_dsn, dsn), reader(home_dsn, dsn)
    recording(quick)
    began, go_on = asyncio.Event(), asyncio.Event()

    @slow.on_credit_locked
    async def wait(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        await write_effect(event, context)
        began.set()
        await go_on.wait()

    await slow.register()
    await publish(connection, locked(1), locked(2))
    running = asyncio.create_task(slow.run())
    await began.wait()
    await connection.execute("update sguild_dispatcher.worker set alive_until = clock_timestamp()")
    for each in slow._worker._readers:  # type: ignore[union-attr]
        each._lease_seconds = -1
    assert await quick.drain() == DrainResult(delivered=2)
    go_on.set()
    await asyncio.sleep(0.3)
    await slow.stop()
    await running
    assert await numbers(home) == [1, 2]


async def test_a_claim_in_the_producers_database_is_an_error(
    connection: Connection, dsn: str, home: Connection, home_dsn: str
) -> None:
    """Both databases have the subscription, and give it one id; the inbox is in one of them."""
    subscriber = reader(home_dsn, dsn, retry=RetryPolicy(max_attempts=1))

    @subscriber.leased().on_credit_locked
    async def claim(_event: Event[CreditLockedV1], context: HandlerContext) -> None:
        async with connection.transaction():
            await context.claim(connection)

    await subscriber.register()
    await publish(connection, locked(1))
    assert await subscriber.drain() == DrainResult(dead=1)
    [failed] = await failures(home)
    assert "another database than the subscriber's own" in failed["detail"]
    for each in (connection, home):
        assert await each.fetchval("select min(id) from sguild_dispatcher.subscription") == 1
        assert await each.fetchval("select count(*) from sguild_dispatcher.inbox") == 0


async def test_a_retry_of_what_another_process_did_is_dropped(
    connection: Connection, dsn: str, home: Connection, home_dsn: str
) -> None:
    subscriber = reader(home_dsn, dsn, retry=LATER)
    attempts = []

    @subscriber.on_credit_locked
    async def fail(_event: Event[CreditLockedV1], context: HandlerContext) -> None:
        attempts.append(context.attempt)
        raise LookupError

    await subscriber.register()
    await publish(connection, locked(1))
    assert await subscriber.drain() == DrainResult(retried=1)
    await home.execute(DONE_ELSEWHERE)
    await home.execute("update sguild_dispatcher.failed_delivery set next_attempt_at = now()")
    await subscriber.drain()
    assert set(attempts) == {1}
    assert await failures(home) == []
