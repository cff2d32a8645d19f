"""Keys follow one another while publishers and workers run: nobody stops, and nothing is refused."""

import asyncio
import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deliveries_kit import (
    KEYRING,
    NO_WAIT,
    SalesSubscriber,
    create_effects,
    failures,
    locked,
    numbers,
    recording,
    running,
    until,
)
from sample_contracts import RevenuePublisher
from sguild_dispatcher.cli import main
from sguild_dispatcher.context import request_context
from sguild_dispatcher.database import Connection
from sguild_dispatcher.errors import MissingKeyError
from sguild_dispatcher.settings import Settings
from sguild_dispatcher.signing import Keyring
from sguild_dispatcher.testing.clock import ManualClock

LOOK = 0.05


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("sguild_dispatcher.signing.following.LOOK_SECONDS", LOOK)
    KEYRING.to_file(path := tmp_path / "keyring.json")
    return path


@pytest.fixture
async def database(connection: Connection) -> Connection:
    await create_effects(connection)
    return connection


def keys(path: Path, *arguments: str) -> None:
    assert main(["keys", *arguments, "--keyring", str(path)]) == 0


def subscribed(dsn: str, path: Path) -> SalesSubscriber:
    settings = Settings(dsn=dsn, keyring=path, poll_interval=LOOK)
    subscriber = SalesSubscriber("crm", settings=settings, retry=NO_WAIT)
    recording(subscriber)
    return subscriber


async def published(database: Connection, publisher: RevenuePublisher, number: int) -> str:
    """Publish an event, wait for its effect, and return the key that it was signed by."""
    with request_context(tenant_id="tenant-1"):
        async with database.transaction():
            await publisher.publish(database, locked(number))

    async def arrived() -> bool:
        return number in await numbers(database) or bool(await failures(database))

    await until(arrived)
    return str(
        await database.fetchval("select key_id from sguild_dispatcher.event_log order by seq desc limit 1")
    )


async def test_a_rotation_reaches_processes_that_run(database: Connection, dsn: str, path: Path) -> None:
    subscriber = subscribed(dsn, path)
    publisher = RevenuePublisher(settings=Settings(keyring=path))
    await subscriber.register()
    async with running(subscriber):
        first = await published(database, publisher, 1)
        keys(path, "new", "revenue")
        await asyncio.sleep(4 * LOOK)
        assert await published(database, publisher, 2) == first
        keys(path, "rotate", "revenue")
        await asyncio.sleep(4 * LOOK)
        second = await published(database, publisher, 3)
        assert second == Keyring.from_file(path).active("revenue").id != first
        keys(path, "revoke", second, "--yes")
        await asyncio.sleep(4 * LOOK)
        with pytest.raises(MissingKeyError):
            await published(database, publisher, 4)
    assert await numbers(database) == [1, 2, 3]
    assert await failures(database) == []


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        ('{"keys": [', "It is not JSON"),
        ('{"keys": []}', "sales/crm handles events of revenue, and the keyring has no key"),
        (None, "There is no keyring"),
    ],
)
async def test_a_file_that_cannot_be_used_leaves_the_keys_from_before(
    database: Connection,
    dsn: str,
    path: Path,
    caplog: pytest.LogCaptureFixture,
    *,
    broken: str | None,
    complaint: str,
) -> None:
    subscriber = subscribed(dsn, path)
    await subscriber.register()
    publisher = RevenuePublisher(keyring=KEYRING, settings=Settings())
    with caplog.at_level(logging.INFO):
        async with running(subscriber):
            await published(database, publisher, 1)
            spoil(path, broken)
            await asyncio.sleep(6 * LOOK)
            await published(database, publisher, 2)
            KEYRING.to_file(path)
            await until(lambda: asyncio.sleep(0, codes(caplog) == ["keyring-refused", "keyring-changed"]))
    assert await numbers(database) == [1, 2]
    assert complaint in caplog.text


def spoil(path: Path, text: str | None) -> None:
    path.unlink()
    if text is not None:
        path.write_text(text)


def codes(caplog: pytest.LogCaptureFixture) -> list[str]:
    found = (each.__dict__.get("code", "") for each in caplog.records)
    return [each for each in found if each.startswith("keyring")]


async def test_keys_end_by_the_subscriber_s_own_clock(dsn: str, path: Path) -> None:
    keys(path, "retire", KEYRING.active("revenue").id, "--until", "2999-01-01T00:00:00Z")
    settings = Settings(dsn=dsn, keyring=path)
    subscriber = SalesSubscriber(
        "crm", settings=settings, clock=ManualClock(datetime(3000, 1, 1, tzinfo=UTC))
    )
    recording(subscriber)
    with pytest.raises(MissingKeyError, match="no key to verify"):
        await subscriber.drain()
