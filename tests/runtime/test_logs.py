"""Log records have a code and fields as documented, and no payload or secret is ever among them."""

import asyncio
import json
import logging
import re
from pathlib import Path

import asyncpg
import pytest

from deliveries_kit import NO_WAIT, SalesSubscriber, create_effects, until
from publishing_kit import locked
from sample_contracts import CreditLockedV1, Event, PersonId, RevenuePublisher
from sguild_dispatcher.context import request_context
from sguild_dispatcher.database import Connection
from sguild_dispatcher.errors import PublishError
from sguild_dispatcher.settings import Settings
from sguild_dispatcher.signing import Keyring
from sguild_dispatcher.signing.files import write_keys
from sguild_dispatcher.subscriber import DeadLetter, Discard, DrainResult, HandlerContext, Retry
from sguild_dispatcher.wakeups import Waker
from test_telemetry_endpoint import port

__all__ = ["port"]

GUIDE = Path(__file__).parents[2] / "docs" / "operating.md"
ROW = re.compile(r"\| `([a-z-]+)` \| (debug|info|warning|error) \| (.*) \|")
USUAL = set(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


def documented() -> dict[str, tuple[str, set[str]]]:
    """Return level and fields of each code."""
    lines = GUIDE.read_text(encoding="utf-8").splitlines()
    rows = [found for each in lines if (found := ROW.fullmatch(each))]
    return {each[1]: (each[2], _names(each[3])) for each in rows}


def _names(cell: str) -> set[str]:
    # What stands in brackets or after a semicolon explains a field.
    return set(re.findall("`([a-z_]+)`", re.sub(r"\(.*\)|;.*", "", cell)))


def own(records: list[logging.LogRecord]) -> list[logging.LogRecord]:
    return [each for each in records if each.name.startswith("sguild_dispatcher")]


def fields_of(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in record.__dict__.items() if name not in USUAL}


class Canaries:
    """Values that no log may show."""

    def __init__(self) -> None:
        self.keyring = Keyring.generate(["sales", "revenue", "operations", "delivery"])
        self.lesson = "9d2f6c1a4b7e"
        self.person = PersonId.mint()
        self.texts = [str(self.person), str(self.person)[-12:], self.lesson, "4711471"]

    def payload(self, number: int) -> CreditLockedV1:
        return locked(person_id=self.person, locked_credits=47_114_710 + number)


@pytest.fixture
def canaries() -> Canaries:
    return Canaries()


def number_of(event: Event[CreditLockedV1]) -> int:
    return event.payload.locked_credits - 47_114_710


def all_endings(subscriber: SalesSubscriber) -> None:
    """Register a handler that quotes its payload in whatever it raises."""

    @subscriber.on_credit_locked
    async def handle(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        quoted = f"{event.payload.person_id} {event.payload.locked_credits} {event.model_dump_json()}"
        match number_of(event):
            case 1:
                raise ValueError(quoted)
            case 2:
                raise DeadLetter(quoted)
            case 3:
                raise Discard(quoted)
            case 4:
                raise Retry(quoted)
            case 5:
                await context.connection.execute(f"select '{quoted}'::int")
            case 6:
                await context.connection.execute("insert into effect (number) values ($1)", quoted)
            case 7:
                await context.connection.execute("commit")
            case 8:
                await asyncio.sleep(9)
            case _:
                await context.connection.execute("insert into effect (number) values (1)")


def subscribed(dsn: str, canaries: Canaries, **settings: object) -> SalesSubscriber:
    values = {"dsn": dsn, "poll_interval": 0.05, "lease_seconds": 1, "handler_timeout": 0.2, **settings}
    return SalesSubscriber("crm", settings=Settings(**values), keyring=canaries.keyring, retry=NO_WAIT)  # type: ignore[arg-type]


async def publish_all(connection: Connection, canaries: Canaries) -> None:
    publisher = RevenuePublisher(keyring=canaries.keyring, settings=Settings())
    with request_context(tenant_id="tenant-1"):
        async with connection.transaction():
            for number in range(10):
                await publisher.publish(connection, canaries.payload(number))
        with pytest.raises(PublishError):
            await publisher.publish(connection, canaries.payload(1))


def shown(records: list[logging.LogRecord]) -> str:
    """Return all that any formatter could show of records."""
    formatter = logging.Formatter("%(message)s")
    return "\n".join(formatter.format(each) + repr(fields_of(each)) + repr(each.args) for each in records)


def assert_documented(records: list[logging.LogRecord]) -> set[str]:
    codes = documented()
    for record in records:
        fields = fields_of(record)
        level, names = codes[str(fields.pop("code"))]
        assert (record.levelname.lower(), set(fields)) == (level, names), record.getMessage()
        assert json.dumps(fields)
    return {record.__dict__["code"] for record in records}


async def test_a_run_that_fails_in_all_ways_logs_neither_payload_nor_secret(
    connection: Connection, dsn: str, canaries: Canaries, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    await create_effects(connection)
    write_keys(tmp_path / "keyring.json", canaries.keyring)
    secrets = re.findall(r'"secret": "(?:whsec_)?([^"]+)"', (tmp_path / "keyring.json").read_text())
    assert len(secrets) == 4
    subscriber = subscribed(dsn.replace("postgres@", "postgres:s3cr3t-of-the-database@"), canaries)
    all_endings(subscriber)
    await subscriber.register()
    with caplog.at_level(logging.DEBUG):
        await publish_all(connection, canaries)
        await connection.execute(
            "update sguild_dispatcher.event_log set body = replace(body, 'credit', 'debit') where seq = 10"
        )
        result = await subscriber.drain()
    assert result == DrainResult(delivered=1, retried=10, dead=8, discarded=1)
    records = own(caplog.records)
    assert assert_documented(records) == {
        "event-types-passed-over",
        "partition-started",
        "batch-fetched",
        "handler-raised",
        "transaction-ended-by-handler",
        "delivery-failed",
        "delivery-discarded",
    }
    reasons = {each.__dict__["reason"] for each in records if each.__dict__["code"] == "delivery-failed"}
    assert reasons == {"handler_failed", "handler_rejected", "handler_timeout", "bad_signature"}
    everything = shown(caplog.records)
    for canary in (*canaries.texts, *secrets, "s3cr3t-of-the-database"):
        assert canary not in everything


async def test_the_other_records_are_as_documented(  # noqa: PLR0917 - fixtures
    postgres: str,
    connection: Connection,
    dsn: str,
    port: int,
    canaries: Canaries,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr("sguild_dispatcher.delivery.lag.LAG_SECONDS", 0.0)
    monkeypatch.setattr("sguild_dispatcher.transport.postgres.PostgresControl.leave", None)
    subscribers = [subscribed(dsn, canaries, metrics_port=each) for each in (port, None)]
    await subscribers[0].register()
    unreachable = f"postgresql://ada:s3cr3t-of-the-database@/shop?host={tmp_path}"
    with caplog.at_level(logging.DEBUG):
        await _emit_late(connection, canaries)
        async with Waker(unreachable) as waker:
            waker.watch(connection)
            await until(lambda: _logged(caplog, "workers-not-woken"))
        tasks = [asyncio.create_task(each.run()) for each in subscribers]
        await until(lambda: _logged(caplog, "standing-by"))
        await connection.execute("alter table sguild_dispatcher.cursor rename column position to place")
        await until(lambda: _logged(caplog, "lag-unknown"))
        await connection.execute("alter table sguild_dispatcher.cursor rename column place to position")
        await _cut(postgres, connection)
        await until(lambda: _logged(caplog, "reconnected"))
        for each in subscribers:
            await each.stop()
        await asyncio.gather(*tasks)
    found = assert_documented(own(caplog.records))
    assert found >= {
        "emission-warned",
        "workers-not-woken",
        "endpoint-open",
        "partition-started",
        "batch-fetched",
        "standing-by",
        "lag-unknown",
        "reconnecting",
        "reconnected",
        "partitions-kept",
    }
    assert "s3cr3t" not in shown(caplog.records)


async def _logged(caplog: pytest.LogCaptureFixture, code: str) -> bool:
    return any(each.__dict__.get("code") == code for each in caplog.records)


async def _cut(postgres: str, connection: Connection) -> None:
    database = await connection.fetchval("select current_database()")
    server: Connection = await asyncpg.connect(postgres)
    await server.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and pid <> $2",
        database,
        connection.get_server_pid(),
    )
    await server.close()


async def _emit_late(connection: Connection, canaries: Canaries) -> None:
    from datetime import UTC, datetime

    publisher = RevenuePublisher(
        keyring=canaries.keyring,
        settings=Settings(emission="warn"),
        clock=lambda: datetime(2026, 5, 1, tzinfo=UTC),
    )
    from test_telemetry_spans import released

    with request_context(tenant_id="tenant-1"):
        async with connection.transaction():
            await publisher.publish(connection, released())


def test_every_code_is_documented_and_every_document_is_of_a_code() -> None:
    """Records that no test provokes cannot be seen; the codes in the source can."""
    source = Path(__file__).parents[2] / "runtime" / "sguild_dispatcher"
    written = {
        code
        for each in source.rglob("*.py")
        for code in re.findall(r'"code": "([a-z-]+)"', each.read_text(encoding="utf-8"))
    }
    assert written == set(documented())
