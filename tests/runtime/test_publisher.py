"""Publishing through each driver into a real database: what is stored, and what leaves no row."""

import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
import psycopg
import pytest
from psycopg.rows import dict_row

from sample_contracts import (
    CreditAccountId,
    CreditLockedV1,
    CreditReleasedV1,
    CreditReleasedV2,
    Event,
    EventId,
    LeadCreatedV1,
    LeadId,
    LessonId,
    OperationsPublisher,
    PersonId,
    RevenuePublisher,
    RevenueSyncPublisher,
    SalesPublisher,
    SiteOpenedV1,
    TallyClosedV1,
)
from sguild_dispatcher.context import request_context
from sguild_dispatcher.database import Connection
from sguild_dispatcher.errors import (
    BodyTooLargeError,
    EmissionWindowError,
    ForeignEventError,
    InvalidEventError,
    MissingContextError,
    MissingKeyError,
    NotInTransactionError,
    NotMigratedError,
    NulCharacterError,
    PublishError,
    UnknownVersionError,
    UnregisteredEventTypeError,
    UnsupportedConnectionError,
)
from sguild_dispatcher.models import Payload
from sguild_dispatcher.publisher import Publisher
from sguild_dispatcher.settings import Settings
from sguild_dispatcher.signing import Keyring

KEYRING = Keyring.generate(["sales", "revenue", "operations"])
SETTINGS = Settings(tenant_id="t-1")
NOW = datetime(2026, 6, 1, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
BEFORE_THE_SWITCH = datetime(2026, 5, 21, 23, 59, 59, tzinfo=UTC)
SECRET = "jane.doe@example.org"  # noqa: S105 - stands for personal data

Open: TypeAlias = Callable[[str], AbstractAsyncContextManager[Any]]


def settled(publisher: type[Publisher], **options: Any) -> Publisher:
    return publisher(**{"keyring": KEYRING, "settings": SETTINGS, "clock": lambda: NOW, **options})


def locked(**changes: Any) -> CreditLockedV1:
    return CreditLockedV1.model_construct(
        **{
            "lesson_id": LessonId.mint(),
            "person_id": PersonId.mint(),
            "locked_credits": 2,
            "locked_at": NOW,
            **changes,
        }
    )


def released() -> CreditReleasedV2:
    return CreditReleasedV2(
        credit_account_id=CreditAccountId.mint(), person_id=PersonId.mint(), automatic=False
    )


def lead(**changes: Any) -> LeadCreatedV1:
    return LeadCreatedV1.model_validate({"lead_id": LeadId.mint(), **changes})


async def rows(dsn: str) -> list[dict[str, Any]]:
    connection: Connection = await asyncpg.connect(dsn)
    try:
        found = await connection.fetch("select * from sguild_dispatcher.event_log order by seq")
    finally:
        await connection.close()
    return [dict(row) for row in found]


@asynccontextmanager
async def with_asyncpg(dsn: str) -> AsyncIterator[Connection]:
    connection: Connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def with_pool(dsn: str) -> AsyncIterator[Any]:
    async with asyncpg.create_pool(dsn, min_size=1, max_size=1) as pool, pool.acquire() as connection:
        yield connection


@asynccontextmanager
async def with_psycopg(dsn: str) -> AsyncIterator[Any]:
    async with await psycopg.AsyncConnection.connect(
        dsn, autocommit=True, row_factory=dict_row
    ) as connection:
        yield connection


class OwnConnection(asyncpg.Connection):
    """A subclass, as applications make them."""


@asynccontextmanager
async def with_subclass(dsn: str) -> AsyncIterator[Any]:
    connection: Any = await asyncpg.connect(dsn, connection_class=OwnConnection)
    try:
        yield connection
    finally:
        await connection.close()


@pytest.fixture(params=[with_asyncpg, with_pool, with_psycopg, with_subclass])
def driver(request: pytest.FixtureRequest) -> Open:
    opened: Open = request.param
    return opened


async def publish_and_fail(connection: Any) -> None:
    async with connection.transaction():
        await settled(RevenuePublisher).publish(connection, locked())
        raise ZeroDivisionError


async def test_an_event_becomes_visible_with_the_callers_commit(dsn: str, driver: Open) -> None:
    publisher = settled(RevenuePublisher)
    assert isinstance(publisher, RevenuePublisher)
    async with driver(dsn) as connection:
        async with connection.transaction():
            event_id = await publisher.credit_locked(connection, locked())
            assert await rows(dsn) == []
        assert [row["event_id"] for row in await rows(dsn)] == [event_id]
    assert type(event_id) is EventId


async def test_a_rollback_publishes_nothing(dsn: str, driver: Open) -> None:
    async with driver(dsn) as connection:
        with pytest.raises(ZeroDivisionError):
            await publish_and_fail(connection)
    assert await rows(dsn) == []


async def test_a_savepoint_takes_its_events_along(dsn: str, driver: Open) -> None:
    publisher = settled(RevenuePublisher)
    async with driver(dsn) as connection, connection.transaction():
        kept = await publisher.publish(connection, locked())
        with pytest.raises(ZeroDivisionError):
            await publish_and_fail(connection)
    assert [row["event_id"] for row in await rows(dsn)] == [kept]


async def test_there_must_be_a_transaction_to_join(dsn: str, driver: Open) -> None:
    async with driver(dsn) as connection:
        with pytest.raises(
            NotInTransactionError, match=r"publish inside `async with connection\.transaction"
        ):
            await settled(RevenuePublisher).publish(connection, locked())
    assert await rows(dsn) == []


async def test_a_database_without_the_schema_is_named(empty_dsn: str, driver: Open) -> None:
    async with driver(empty_dsn) as connection:
        with pytest.raises(NotMigratedError, match="run `sguild-dispatcher migrate`"):
            async with connection.transaction():
                await settled(RevenuePublisher).publish(connection, locked())


async def test_psycopg_without_autocommit_opens_the_transaction_itself(dsn: str) -> None:
    async with await psycopg.AsyncConnection.connect(dsn) as connection:
        event_id = await settled(RevenuePublisher).publish(connection, locked())
        assert await rows(dsn) == []
    assert [row["event_id"] for row in await rows(dsn)] == [event_id]


async def test_the_stored_row_is_the_signed_envelope(dsn: str) -> None:
    payload = locked()
    async with with_asyncpg(dsn) as connection, connection.transaction():
        event_id = await settled(RevenuePublisher).publish(connection, payload)
    (row,) = await rows(dsn)
    envelope = json.loads(row["body"])
    assert envelope == {
        "event_id": event_id,
        "event_type": "credit.locked",
        "occurred_at": "2026-06-01T10:00:00.123456Z",
        "tenant_id": "t-1",
        "producer": "revenue",
        "schema_version": 1,
        "payload": json.loads(payload.model_dump_json()),
        "subject": payload.person_id,
        "actor": "system:revenue",
        "correlation_id": event_id,
    }
    assert list(envelope) == list(Event.model_fields)
    columns = ("event_id", "event_type", "schema_version", "producer", "tenant_id")
    assert {name: row[name] for name in columns} == {name: envelope[name] for name in columns}
    assert row["ordering_key"] == payload.lesson_id
    assert KEYRING.verify(row["key_id"], row["body"], row["signature"]) == "revenue"


async def test_the_text_of_the_payload_survives(dsn: str) -> None:
    payload = CreditLockedV1.model_validate_json(
        json.dumps(
            {
                "lesson_id": LessonId.mint(),
                "person_id": PersonId.mint(),
                "locked_credits": 2.0,
                "locked_at": "2026-06-01t09:30:00.5+02:00",
            }
        )
    )
    async with with_asyncpg(dsn) as connection, connection.transaction():
        await settled(RevenuePublisher).publish(connection, payload)
    (row,) = await rows(dsn)
    assert '"locked_credits":2,"locked_at":"2026-06-01t09:30:00.5+02:00"' in row["body"]


async def test_the_context_names_tenant_actor_and_chain(dsn: str) -> None:
    actor, chain = PersonId.mint(), EventId.mint()
    async with with_asyncpg(dsn) as connection, connection.transaction():
        with request_context(tenant_id="t-2", actor=actor, correlation_id=chain):
            await settled(RevenuePublisher).publish(connection, locked())
    (row,) = await rows(dsn)
    envelope = json.loads(row["body"])
    assert (envelope["tenant_id"], envelope["actor"], envelope["correlation_id"]) == ("t-2", actor, chain)
    assert row["tenant_id"] == "t-2"


async def test_a_subject_that_the_envelope_cannot_hold_is_left_out(dsn: str) -> None:
    async with with_asyncpg(dsn) as connection, connection.transaction():
        event_id = await settled(RevenuePublisher).publish(connection, released())
    (row,) = await rows(dsn)
    assert "subject" not in json.loads(row["body"])
    assert row["ordering_key"] == event_id


async def test_the_ordering_key_is_the_field_else_the_subject(dsn: str) -> None:
    publisher, named, unnamed = settled(SalesPublisher), lead(**{"class": "a"}), lead()
    async with with_asyncpg(dsn) as connection, connection.transaction():
        await publisher.publish(connection, named)
        await publisher.publish(connection, unnamed)
    assert [row["ordering_key"] for row in await rows(dsn)] == ["a", unnamed.lead_id]


REFUSED: dict[str, tuple[type[Publisher], Callable[[], Any], dict[str, Any], type[Exception], str]] = {
    "no payload": (RevenuePublisher, lambda: {"a": 1}, {}, UnregisteredEventTypeError, "dict is not"),
    "no contract": (RevenuePublisher, Payload, {}, UnregisteredEventTypeError, "Payload is not"),
    "unregistered type": (
        RevenuePublisher,
        lambda: SiteOpenedV1(note="x"),
        {},
        UnregisteredEventTypeError,
        "'site.opened' is not in the registry",
    ),
    "foreign producer": (RevenuePublisher, lead, {}, ForeignEventError, "lead.created is produced by sales"),
    "version to come": (
        RevenuePublisher,
        released,
        {"clock": lambda: BEFORE_THE_SWITCH},
        EmissionWindowError,
        "may be emitted from 2026-05-22 (00:00 UTC), and it is 2026-05-21T23:59:59+00:00: publish version 1",
    ),
    "version gone": (
        RevenuePublisher,
        lambda: CreditReleasedV1(credit_account_id=CreditAccountId.mint(), person_id=PersonId.mint()),
        {},
        EmissionWindowError,
        "credit.released version 1 may be emitted until 2026-05-22 (00:00 UTC)",
    ),
    "deprecated producer": (
        OperationsPublisher,
        lambda: TallyClosedV1(note="x"),
        {},
        EmissionWindowError,
        "operations may publish nothing from 2026-05-12",
    ),
    "no tenant": (
        RevenuePublisher,
        locked,
        {"settings": Settings()},
        MissingContextError,
        "publish inside `with request_context(tenant_id=...):`, or set SGUILD_DISPATCHER_TENANT_ID",
    ),
    "tenant too long": (
        RevenuePublisher,
        locked,
        {"settings": Settings(tenant_id="t" * 65)},
        InvalidEventError,
        "/tenant_id: must be a string of 1 to 64 characters",
    ),
    "invalid payload": (
        RevenuePublisher,
        lambda: locked(locked_credits=SECRET, lesson_id=None),
        {},
        InvalidEventError,
        "in lower case; /payload/locked_credits: must be an integer of at least 1.",
    ),
    "missing field": (
        RevenuePublisher,
        lambda: CreditLockedV1.model_construct(person_id=SECRET),
        {},
        InvalidEventError,
        "/payload/lesson_id: is required",
    ),
    "unknown field": (
        SalesPublisher,
        lambda: lead().model_copy(update={"tags": [SECRET, SECRET]}),
        {},
        InvalidEventError,
        "/payload/tags: must be an array of 1 to 5 items, all different",
    ),
    "rule of several fields": (
        RevenuePublisher,
        lambda: released().model_copy(update={"automatic": True}),
        {},
        InvalidEventError,
        "/payload/reason: is required when automatic is true",
    ),
    "no JSON value": (
        RevenuePublisher,
        lambda: locked(person_id=object()),
        {},
        InvalidEventError,
        "cannot be written as JSON",
    ),
    "lone surrogate": (
        RevenuePublisher,
        lambda: locked(person_id="\ud800"),
        {},
        InvalidEventError,
        "cannot be written as JSON",
    ),
    "NUL in a value": (
        SalesPublisher,
        lambda: lead(tags=["a", f"{SECRET}\0"]),
        {},
        NulCharacterError,
        "/payload/tags/1: holds U+0000",
    ),
    "body too large": (
        RevenuePublisher,
        locked,
        {"settings": Settings(tenant_id="t-1", max_body_bytes=100)},
        BodyTooLargeError,
        "and 100 are allowed",
    ),
    "no key": (
        RevenuePublisher,
        locked,
        {"keyring": Keyring.generate(["sales"])},
        MissingKeyError,
        "sguild-dispatcher keys new revenue --keyring FILE",
    ),
    "no keyring": (RevenuePublisher, locked, {"keyring": None}, MissingKeyError, "SGUILD_DISPATCHER_KEYRING"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_what_is_refused_leaves_no_row(case: str, dsn: str) -> None:
    publisher, payload, options, error, words = REFUSED[case]
    async with with_asyncpg(dsn) as connection, connection.transaction():
        with pytest.raises(error) as caught:
            await settled(publisher, **options).publish(connection, payload())
        assert await connection.fetchval("select 1") == 1, "the transaction is still usable"
    assert words in str(caught.value)
    assert SECRET not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert await rows(dsn) == []


async def test_a_typed_method_takes_its_own_payload_only(dsn: str) -> None:
    publisher: Any = settled(RevenuePublisher)
    async with with_asyncpg(dsn) as connection, connection.transaction():
        with pytest.raises(
            InvalidEventError, match=r"credit\.locked version 1 is published as CreditLockedV1"
        ):
            await publisher.credit_locked(connection, released())
        with pytest.raises(UnknownVersionError, match=r"lead\.created version 2 is withdrawn"):
            await publisher._publish(connection, lead(), "lead.created", 2)
        with pytest.raises(UnknownVersionError, match=r"lead\.created has no version 3"):
            await publisher._publish(connection, lead(), "lead.created", 3)
    assert await rows(dsn) == []


async def test_an_escaped_backslash_is_no_nul(dsn: str) -> None:
    async with with_asyncpg(dsn) as connection, connection.transaction():
        await settled(SalesPublisher).publish(connection, lead(tags=["\\u0000"]))
    assert len(await rows(dsn)) == 1


async def test_the_lever_publishes_logs_and_counts(dsn: str, caplog: pytest.LogCaptureFixture) -> None:
    lenient = Settings(tenant_id="t-1", emission="warn")
    publisher = settled(RevenuePublisher, settings=lenient, clock=lambda: BEFORE_THE_SWITCH)
    async with with_asyncpg(dsn) as connection, connection.transaction():
        with caplog.at_level(logging.WARNING, logger="sguild_dispatcher"):
            await publisher.publish(connection, released())
    assert publisher.emission_warnings == 1
    assert "credit.released version 2 may be emitted from 2026-05-22" in caplog.text
    assert len(await rows(dsn)) == 1


async def test_a_window_is_half_open(dsn: str) -> None:
    switch = datetime(2026, 5, 22, tzinfo=UTC)
    async with with_asyncpg(dsn) as connection, connection.transaction():
        await settled(RevenuePublisher, clock=lambda: switch).publish(connection, released())
    assert len(await rows(dsn)) == 1


async def test_other_objects_are_no_connections(dsn: str) -> None:
    publisher: Any = settled(RevenuePublisher)
    with pytest.raises(UnsupportedConnectionError, match=r"builtins\.object is not supported"):
        await publisher.publish(object(), locked())
    with (
        psycopg.connect(dsn) as connection,
        pytest.raises(UnsupportedConnectionError, match=r"psycopg\.Connection needs a SyncPublisher"),
    ):
        await publisher.publish(connection, locked())


async def test_the_sync_publisher_takes_sync_connections_only(dsn: str) -> None:
    publisher: Any = RevenueSyncPublisher(keyring=KEYRING, settings=SETTINGS)
    async with with_asyncpg(dsn) as connection, connection.transaction():
        with pytest.raises(UnsupportedConnectionError, match="needs an asynchronous Publisher"):
            publisher.publish(connection, locked())


def synchronous() -> RevenueSyncPublisher:
    return RevenueSyncPublisher(keyring=KEYRING, settings=SETTINGS, clock=lambda: NOW)


def publish_and_fail_synchronously(connection: Any) -> None:
    with connection.transaction():
        synchronous().publish(connection, locked())
        raise ZeroDivisionError


@pytest.mark.parametrize("autocommit", [True, False])
async def test_a_sync_connection_commits_and_rolls_back(dsn: str, autocommit: bool) -> None:
    with psycopg.connect(dsn, autocommit=autocommit, row_factory=dict_row) as connection:
        with connection.transaction():
            kept = synchronous().credit_locked(connection, locked())
        with pytest.raises(ZeroDivisionError):
            publish_and_fail_synchronously(connection)
    assert [row["event_id"] for row in await rows(dsn)] == [kept]


async def test_a_sync_connection_needs_a_transaction_and_a_schema(dsn: str, empty_dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection, pytest.raises(NotInTransactionError):
        synchronous().publish(connection, locked())
    with psycopg.connect(empty_dsn) as connection, pytest.raises(NotMigratedError):
        synchronous().publish(connection, locked())


async def test_settings_and_keys_come_from_the_environment(
    dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    KEYRING.to_file(tmp_path / "keys.json")
    monkeypatch.setenv("SGUILD_DISPATCHER_KEYRING", str(tmp_path / "keys.json"))
    monkeypatch.setenv("SGUILD_DISPATCHER_TENANT_ID", "t-9")
    async with with_asyncpg(dsn) as connection, connection.transaction():
        await RevenuePublisher().publish(connection, locked())
    (row,) = await rows(dsn)
    assert row["tenant_id"] == "t-9"
    assert KEYRING.verify(row["key_id"], row["body"], row["signature"]) == "revenue"


async def test_a_naive_clock_is_a_mistake(dsn: str) -> None:
    naive = datetime(2026, 6, 1)  # noqa: DTZ001 - what is refused
    async with with_asyncpg(dsn) as connection, connection.transaction():
        with pytest.raises(ValueError, match="aware datetime"):
            await settled(RevenuePublisher, clock=lambda: naive).publish(connection, locked())


async def test_other_errors_of_the_driver_pass_through(dsn: str) -> None:
    async with with_asyncpg(dsn) as connection:
        await connection.execute("drop schema sguild_dispatcher cascade")
        transaction = connection.transaction()
        await transaction.start()
        with pytest.raises(asyncpg.PostgresError):
            await connection.execute("select 1/0")
        with pytest.raises(asyncpg.InFailedSQLTransactionError):
            await settled(RevenuePublisher).publish(connection, locked())
        await transaction.rollback()


def test_every_refusal_is_a_publish_error_or_a_missing_key() -> None:
    kinds = {error for _, _, _, error, _ in REFUSED.values()}
    assert all(issubclass(kind, PublishError | MissingKeyError) for kind in kinds)
