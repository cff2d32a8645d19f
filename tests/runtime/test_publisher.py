"""What is stored: the signed envelope, with what context, settings and registry add to the payload."""

import json
import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest

from publishing_kit import (
    BEFORE_THE_SWITCH,
    KEYRING,
    lead,
    locked,
    released,
    rows,
    settled,
    with_asyncpg,
)
from sample_contracts import (
    CreditLockedV1,
    Event,
    EventId,
    LessonId,
    PersonId,
    RevenuePublisher,
    SalesPublisher,
)
from sguild_dispatcher.context import request_context
from sguild_dispatcher.settings import Settings


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


async def test_the_trace_travels_beside_the_signed_text(dsn: str) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    publisher = settled(RevenuePublisher)
    async with with_asyncpg(dsn) as connection, connection.transaction():
        with request_context(trace_context=trace):
            await publisher.publish(connection, locked())
            await publisher.publish_many(connection, [locked()])
        with request_context(trace_context=f"{trace}\0"):
            await publisher.publish(connection, locked())
            await publisher.publish_many(connection, [locked()])
    found = await rows(dsn)
    assert [row["trace_context"] for row in found] == [trace, trace, "", ""]
    assert not any(trace in row["body"] for row in found)


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


async def test_the_lever_publishes_logs_and_counts(dsn: str, caplog: pytest.LogCaptureFixture) -> None:
    lenient = Settings(tenant_id="t-1", emission="warn")
    publisher = settled(RevenuePublisher, settings=lenient, clock=lambda: BEFORE_THE_SWITCH)
    async with with_asyncpg(dsn) as connection, connection.transaction():
        with caplog.at_level(logging.WARNING, logger="sguild_dispatcher"):
            await publisher.publish(connection, released())
    assert publisher.emission_warnings == 1
    assert caplog.messages == [
        (
            "credit.released version 2 may be emitted from 2026-05-22 (00:00 UTC), and it is "
            "2026-05-21T23:59:59+00:00: it is published, because SGUILD_DISPATCHER_EMISSION is warn"
        )
    ]
    assert len(await rows(dsn)) == 1


async def test_a_window_is_half_open(dsn: str) -> None:
    switch = datetime(2026, 5, 22, tzinfo=UTC)
    async with with_asyncpg(dsn) as connection, connection.transaction():
        await settled(RevenuePublisher, clock=lambda: switch).publish(connection, released())
    assert len(await rows(dsn)) == 1


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
