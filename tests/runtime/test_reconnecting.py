"""A failure of the database that lasts: a worker asks less and less often, and says so once."""

import asyncio
import logging

import pytest

from deliveries_kit import create_effects, failures, locked, publish, running, sales, until
from sample_contracts import CreditLockedV1, Event
from sguild_dispatcher.database import Connection
from sguild_dispatcher.retries import RetryPolicy
from sguild_dispatcher.subscriber import HandlerContext

DISK_FULL = """
    create function disk_full() returns trigger language plpgsql as $$
    begin
        raise exception using errcode = '53100', message = 'No space left on device';
    end $$;
    create trigger disk_full before insert on sguild_dispatcher.failed_delivery
    for each row execute function disk_full();
"""


async def test_a_database_that_lets_in_and_then_fails(
    connection: Connection, dsn: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("random.uniform", lambda _, limit: limit)
    await create_effects(connection)
    await connection.execute(DISK_FULL)
    subscriber = sales(dsn, retry=RetryPolicy(max_attempts=1))
    sessions = set[object]()

    @subscriber.on_credit_locked
    async def fail(_event: Event[CreditLockedV1], context: HandlerContext) -> None:
        sessions.add(context.connection)
        raise LookupError

    await subscriber.register()
    await publish(connection, locked(1))
    with caplog.at_level(logging.INFO):
        async with running(subscriber):
            await asyncio.sleep(3)
            assert 3 <= len(sessions) <= 6  # after 0, 0.1, 0.3, 0.7, 1.5 and 3.1 s, each with its own time
            assert said(caplog) == ["reconnecting"]
            await connection.execute("drop trigger disk_full on sguild_dispatcher.failed_delivery")
            await until(lambda: asyncio.sleep(0, said(caplog) == ["reconnecting", "reconnected"]))
            assert [each["state"] for each in await failures(connection)] == ["dead"]


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    codes = (each.__dict__.get("code", "") for each in caplog.records)
    return [each for each in codes if each.startswith("reconnect")]
