"""What is counted and measured, by an SDK of OpenTelemetry and by the client of Prometheus."""

import os
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest
from prometheus_client import REGISTRY, generate_latest

from deliveries_kit import (
    SalesSubscriber,
    create_effects,
    locked,
    publish,
    publisher,
    recording,
    sales,
    write_effect,
)
from sample_contracts import CreditLockedV1, Event
from sguild_dispatcher.context import request_context
from sguild_dispatcher.database import Connection
from sguild_dispatcher.subscriber import DeadLetter, Discard, HandlerContext
from telemetry_kit import Metrics, Prometheus, metrics, prometheus

__all__ = ["metrics", "prometheus"]

CANARY = "jane.doe@example.org"


@pytest.fixture
async def database(connection: Connection) -> Connection:
    await create_effects(connection)
    return connection


def failing(subscriber: SalesSubscriber) -> None:
    """Let an event of 1 succeed, of 2 fail always, of 3 be rejected, of 4 be discarded."""

    @subscriber.on_credit_locked
    async def handle(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        number = event.payload.locked_credits
        if number == 2:
            raise KeyError(CANARY)
        if number == 3:
            raise DeadLetter(CANARY)
        if number == 4:
            raise Discard(CANARY)
        await write_effect(event, context)


async def deliver_all_kinds(database: Connection, dsn: str) -> None:
    subscriber = sales(dsn)
    failing(subscriber)
    await subscriber.register()
    await publish(database, *(locked(each) for each in (1, 1, 2, 3, 4)))
    await subscriber.drain()


async def test_instruments_of_opentelemetry(database: Connection, dsn: str, metrics: Metrics) -> None:
    await deliver_all_kinds(database, dsn)
    sent = {
        "messaging.system": "sguild_dispatcher",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.destination.name": "credit.locked",
    }
    processed = {
        "messaging.system": "sguild_dispatcher",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": "credit.locked",
        "messaging.consumer.group.name": "sales",
        "messaging.destination.subscription.name": "crm",
    }
    failed = {**processed, "error.type": "handler_failed"}
    rejected = {**processed, "error.type": "handler_rejected"}
    assert metrics.points("messaging.client.sent.messages") == [(sent, 5)]
    # Two delivered and one discarded; three attempts of one; one.
    consumed = metrics.points("messaging.client.consumed.messages")
    assert sorted(consumed, key=str) == sorted([(processed, 3), (failed, 3), (rejected, 1)], key=str)
    assert metrics.points("sguild_dispatcher.retries") == [(failed, 2)]
    assert sorted(metrics.points("sguild_dispatcher.dead_letters"), key=str) == sorted(
        [(failed, 1), (rejected, 1)], key=str
    )
    operations = {
        attributes["messaging.operation.name"]: count
        for attributes, count in metrics.points("messaging.client.operation.duration")
    }
    assert operations["send"] == 5
    # The batch is fetched again after its first failure.
    assert operations["receive"] == 2


async def test_handlers_are_timed_and_their_errors_named(
    database: Connection, dsn: str, metrics: Metrics
) -> None:
    await deliver_all_kinds(database, dsn)
    calls = {
        attributes.get("error.type"): count
        for attributes, count in metrics.points("messaging.process.duration")
    }
    assert calls["KeyError"] >= 3
    assert calls["sguild_dispatcher.delivery.outcomes.DeadLetter"] == 1
    assert calls[None] >= 3


async def test_metrics_tell_no_tenants_subjects_events_or_messages(
    database: Connection, dsn: str, metrics: Metrics
) -> None:
    with request_context(tenant_id="tenant-1"):
        await deliver_all_kinds(database, dsn)
    told = metrics.everything() + generate_latest(REGISTRY).decode()
    row = await database.fetchrow("select * from sguild_dispatcher.event_log limit 1")
    assert row is not None
    assert "credit.locked" in told
    for hidden in (CANARY, "tenant-1", row["event_id"], row["ordering_key"], row["event_id"][-12:]):
        assert hidden not in told


async def test_samples_of_prometheus(database: Connection, dsn: str, prometheus: Prometheus) -> None:
    await deliver_all_kinds(database, dsn)
    event = {"event_type": "credit.locked"}
    reader = {**event, "subscriber": "sales/crm"}
    deliveries = "sguild_dispatcher_deliveries_total"
    assert prometheus.grown("sguild_dispatcher_published_events_total", **event, error="") == 5
    assert prometheus.grown("sguild_dispatcher_publish_seconds_count", **event) == 5
    assert prometheus.grown(deliveries, **reader, outcome="delivered", reason="") == 2
    assert prometheus.grown(deliveries, **reader, outcome="discarded", reason="") == 1
    assert prometheus.grown(deliveries, **reader, outcome="retrying", reason="handler_failed") == 2
    assert prometheus.grown(deliveries, **reader, outcome="dead", reason="handler_failed") == 1
    assert prometheus.grown(deliveries, **reader, outcome="dead", reason="handler_rejected") == 1
    assert prometheus.grown("sguild_dispatcher_dead_letters_total", subscriber="sales/crm") == 2
    assert prometheus.grown("sguild_dispatcher_handler_seconds_count", **reader) >= 7
    assert prometheus.grown("sguild_dispatcher_fetch_seconds_count", subscriber="sales/crm") == 2


@pytest.mark.usefixtures("prometheus")
async def test_dead_letters_are_counted_from_zero(database: Connection, dsn: str) -> None:
    subscriber = sales(dsn, "new")
    counted: list[float | None] = []

    @subscriber.on_credit_locked
    async def reject(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        assert event.event_id == context.event_id
        labels = {"subscriber": context.subscriber}
        counted.append(REGISTRY.get_sample_value("sguild_dispatcher_dead_letters_total", labels))
        raise DeadLetter(CANARY)

    await subscriber.register()
    await publish(database, locked(1))
    await subscriber.drain()
    assert counted[0] == 0


async def test_what_a_failed_commit_undid_is_not_counted(
    database: Connection, dsn: str, prometheus: Prometheus
) -> None:
    await database.execute(
        "alter table effect add constraint once unique (number) deferrable initially deferred"
    )
    subscriber = sales(dsn)
    recording(subscriber)
    await subscriber.register()
    await publish(database, locked(1), locked(1))
    await subscriber.drain()
    labels = {"subscriber": "sales/crm", "event_type": "credit.locked"}
    delivered = prometheus.grown(
        "sguild_dispatcher_deliveries_total", **labels, outcome="delivered", reason=""
    )
    dead = prometheus.grown(
        "sguild_dispatcher_deliveries_total", **labels, outcome="dead", reason="handler_failed"
    )
    assert (delivered, dead) == (1, 1)


async def test_leased_handlers_are_counted_too(
    database: Connection, dsn: str, prometheus: Prometheus
) -> None:
    subscriber = sales(dsn)

    @subscriber.leased().on_credit_locked
    async def handle(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        assert event.event_id == context.event_id

    await subscriber.register()
    await publish(database, locked(1))
    await subscriber.drain()
    labels = {"subscriber": "sales/crm", "event_type": "credit.locked"}
    assert (
        prometheus.grown("sguild_dispatcher_deliveries_total", **labels, outcome="delivered", reason="") == 1
    )
    assert prometheus.grown("sguild_dispatcher_handler_seconds_count", **labels) == 1


async def test_a_batch_is_counted_by_event_and_timed_as_one(
    connection: Connection, prometheus: Prometheus
) -> None:
    with request_context(tenant_id="tenant-1"):
        async with connection.transaction():
            await publisher().publish_many(connection, [locked(1), locked(2)])
    event = {"event_type": "credit.locked"}
    assert prometheus.grown("sguild_dispatcher_published_events_total", **event, error="") == 2
    assert prometheus.grown("sguild_dispatcher_publish_seconds_count", **event) == 1


async def test_only_what_reached_the_database_counts_as_sent(
    connection: Connection, metrics: Metrics
) -> None:
    with pytest.raises(Exception, match="tenant_id"), request_context(tenant_id="x" * 99):
        async with connection.transaction():
            await publisher().publish(connection, locked(1))
    assert metrics.points("messaging.client.sent.messages") == []
    await connection.execute("alter table sguild_dispatcher.event_log add check (tenant_id <> 'tenant-1')")
    with pytest.raises(asyncpg.CheckViolationError):
        await publish(connection, locked(1))
    [(attributes, count)] = metrics.points("messaging.client.sent.messages")
    assert (attributes["error.type"], count) == ("asyncpg.exceptions.CheckViolationError", 1)


async def test_invented_event_types_are_one_series(
    database: Connection, dsn: str, prometheus: Prometheus
) -> None:
    subscriber = sales(dsn)
    recording(subscriber)
    await subscriber.register()
    await publish(database, locked(1), locked(2))
    await database.execute("update sguild_dispatcher.event_log set event_type = 'invented.n' || seq")
    await subscriber.drain()
    labels = {"subscriber": "sales/crm", "outcome": "dead", "reason": "bad_signature"}
    assert prometheus.grown("sguild_dispatcher_deliveries_total", **labels, event_type="_OTHER") == 2
    assert "invented" not in generate_latest(REGISTRY).decode()


async def test_threads_that_publish_for_the_first_time_at_once_are_all_counted(
    dsn: str,
) -> None:
    program = Path(__file__).parent / "programs" / "publishing_threads.py"
    ended = subprocess.run(  # noqa: ASYNC221 - nothing else runs
        [sys.executable, str(program)],
        env={**os.environ, "SGUILD_DISPATCHER_DSN": dsn},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stderr, ended.stdout) == (0, "", "8.0\n")
