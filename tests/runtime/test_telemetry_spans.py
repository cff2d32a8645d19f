"""The spans of publishing and delivering, and how they hang together across the log."""

import asyncio
from collections.abc import Mapping

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from deliveries_kit import create_effects, locked, publish, publisher, sales, write_effect
from publishing_kit import settled
from sample_contracts import (
    CreditAccountId,
    CreditLockedV1,
    CreditReleasedV2,
    Event,
    PersonId,
    RevenuePublisher,
)
from sguild_dispatcher.context import request_context
from sguild_dispatcher.database import Connection
from sguild_dispatcher.errors import NotInTransactionError
from sguild_dispatcher.subscriber import DeadLetter, Discard, DrainResult, HandlerContext, Retry
from telemetry_kit import Spans, spans

__all__ = ["spans"]

CANARY = "jane.doe@example.org"
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
async def database(connection: Connection) -> Connection:
    await create_effects(connection)
    return connection


def released() -> CreditReleasedV2:
    return CreditReleasedV2(
        credit_account_id=CreditAccountId.mint(), person_id=PersonId.mint(), automatic=False
    )


def context_of(span: ReadableSpan) -> trace.SpanContext:
    context: trace.SpanContext | None = span.context
    assert context is not None
    return context


def attributes_of(span: ReadableSpan) -> Mapping[str, object]:
    return dict(span.attributes or {})


def linked(span: ReadableSpan) -> list[int]:
    return [each.context.span_id for each in span.links]


async def stored_traces(connection: Connection) -> list[str | None]:
    rows = await connection.fetch("select trace_context from sguild_dispatcher.event_log order by seq")
    return [row["trace_context"] or None for row in rows]


async def test_a_chain_of_events_is_one_trace_from_the_request_to_the_last_handler(
    database: Connection, dsn: str, spans: Spans
) -> None:
    subscriber = sales(dsn)
    seen: list[int] = []

    @subscriber.on_credit_locked
    async def release(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        assert event.event_type == context.event_type
        await publisher().publish(context.connection, released())

    @subscriber.on_credit_released
    async def end(event: Event[CreditReleasedV2], context: HandlerContext) -> None:
        assert event.event_type == context.event_type
        seen.append(trace.get_current_span().get_span_context().span_id)

    await subscriber.register()
    with trace.get_tracer("a service").start_as_current_span("POST /lessons"):
        await publish(database, locked(1))
    assert await subscriber.drain() == DrainResult(delivered=2)

    [request] = spans.named("POST /lessons")
    [first_send], [first_process] = spans.named("send credit.locked"), spans.named("process credit.locked")
    [second_send] = spans.named("send credit.released")
    [second_process] = spans.named("process credit.released")
    chain = [request, first_send, first_process, second_send, second_process]
    assert {context_of(each).trace_id for each in chain} == {context_of(request).trace_id}
    assert [each.parent and each.parent.span_id for each in chain] == [
        None,
        *(context_of(each).span_id for each in chain[:-1]),
    ]
    assert linked(first_process) == [context_of(first_send).span_id]
    assert linked(second_process) == [context_of(second_send).span_id]
    assert seen == [context_of(second_process).span_id]
    assert [each.kind for each in chain[1:]] == [SpanKind.PRODUCER, SpanKind.CONSUMER] * 2
    assert await stored_traces(database) == [
        f"00-{context_of(each).trace_id:032x}-{context_of(each).span_id:016x}-{context_of(each).trace_flags:02x}"
        for each in (first_send, second_send)
    ]


async def test_spans_have_the_attributes_of_the_conventions(
    database: Connection, dsn: str, spans: Spans
) -> None:
    subscriber = sales(dsn)
    subscriber.on_credit_locked(write_effect)
    await subscriber.register()
    correlation = "occ_0190a5c8-7c1f-7c3a-8f4e-2b6d9e1f0a3b"
    with request_context(correlation_id=correlation):
        first, second = await publish(database, locked(1), locked(2))
    await subscriber.drain()

    send = spans.named("send credit.locked")[0]
    receive = spans.named("receive")[0]
    process = spans.named("process credit.locked")[1]
    assert attributes_of(send) == {
        "messaging.system": "sguild_dispatcher",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.destination.name": "credit.locked",
        "messaging.message.id": first,
        "messaging.message.conversation_id": correlation,
    }
    assert attributes_of(receive) == {
        "messaging.system": "sguild_dispatcher",
        "messaging.operation.name": "receive",
        "messaging.operation.type": "receive",
        "messaging.consumer.group.name": "sales",
        "messaging.destination.subscription.name": "crm",
        "messaging.batch.message_count": 2,
    }
    assert attributes_of(process) == {
        "messaging.system": "sguild_dispatcher",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": "credit.locked",
        "messaging.consumer.group.name": "sales",
        "messaging.destination.subscription.name": "crm",
        "messaging.message.id": second,
        "messaging.message.conversation_id": correlation,
        "sguild_dispatcher.delivery.attempt": 1,
    }
    assert receive.kind is SpanKind.CONSUMER
    assert linked(receive) == [context_of(each).span_id for each in spans.named("send credit.locked")]
    assert (receive.start_time or 0) < (receive.end_time or 0) <= (process.start_time or 0)


async def test_a_batch_is_sent_in_one_span_that_all_of_its_events_come_from(
    database: Connection, dsn: str, spans: Spans
) -> None:
    subscriber = sales(dsn)
    subscriber.on_credit_locked(write_effect)
    await subscriber.register()
    with request_context(tenant_id="tenant-1"):
        async with database.transaction():
            await publisher().publish_many(database, [locked(1), locked(2)])
            await publisher().publish_many(database, [locked(3), released()])
            assert await publisher().publish_many(database, []) == []
    await subscriber.drain()
    [alike] = spans.named("send credit.locked")
    [mixed] = spans.named("send")
    assert attributes_of(alike)["messaging.batch.message_count"] == 2
    assert "messaging.message.id" not in attributes_of(alike)
    assert "messaging.destination.name" not in attributes_of(mixed)
    parents = [each.parent and each.parent.span_id for each in spans.named("process credit.locked")]
    assert parents == [context_of(alike).span_id] * 2 + [context_of(mixed).span_id]


async def test_what_a_request_brought_is_the_parent_where_no_span_is_open(
    connection: Connection, spans: Spans
) -> None:
    with request_context(trace_context=TRACEPARENT):
        await publish(connection, locked(1))
    [send] = spans.named("send credit.locked")
    assert send.parent is not None
    assert f"00-{send.parent.trace_id:032x}-{send.parent.span_id:016x}-01" == TRACEPARENT


async def test_the_tracestate_travels_along_the_chain(database: Connection, dsn: str, spans: Spans) -> None:
    subscriber = sales(dsn)

    @subscriber.on_credit_locked
    async def release(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        assert event.event_type == context.event_type
        await publisher().publish(context.connection, released())

    await subscriber.register()
    with request_context(trace_context=f"{TRACEPARENT} congo=t61,rojo=00f0"):
        await publish(database, locked(1))
    await subscriber.drain()
    states = [context_of(each).trace_state.to_header() for each in spans.all() if each.name != "receive"]
    assert states == ["congo=t61,rojo=00f0"] * 3
    assert [(each or "").partition(" ")[2] for each in await stored_traces(database)] == states[:2]


async def test_a_tracestate_that_is_too_long_is_left_behind(connection: Connection, spans: Spans) -> None:
    state = trace.TraceState([(f"key{each}", "v" * 256) for each in range(3)])
    brought = trace.SpanContext(1, 2, is_remote=True, trace_flags=trace.TraceFlags(1), trace_state=state)
    with trace.use_span(trace.NonRecordingSpan(brought)):
        await publish(connection, locked(1))
    [send] = spans.named("send credit.locked")
    assert await stored_traces(connection) == [f"00-{1:032x}-{context_of(send).span_id:016x}-01"]


async def test_a_trace_that_no_sdk_records_is_carried_on(connection: Connection) -> None:
    brought = TraceContextTextMapPropagator().extract({"traceparent": TRACEPARENT})
    with trace.use_span(trace.get_current_span(brought)):
        await publish(connection, locked(1))
    assert await stored_traces(connection) == [TRACEPARENT]


async def test_a_refused_event_fails_its_span_and_names_no_value(
    connection: Connection, spans: Spans
) -> None:
    with request_context(tenant_id="tenant-1"), pytest.raises(NotInTransactionError):
        await publisher().publish(connection, locked(1))
    with request_context(tenant_id=CANARY * 9), pytest.raises(Exception, match="tenant_id"):
        await settled(RevenuePublisher).publish(connection, locked(1))
    errors = [attributes_of(each)["error.type"] for each in spans.named("send credit.locked")]
    assert errors == [
        "sguild_dispatcher.errors.NotInTransactionError",
        "sguild_dispatcher.errors.InvalidEventError",
    ]
    assert {each.status.status_code for each in spans.all()} == {StatusCode.ERROR}
    assert CANARY not in "".join(each.to_json() for each in spans.all())


@pytest.mark.parametrize(
    ("raised", "error_type"),
    [
        (KeyError(CANARY), "KeyError"),
        (Retry(CANARY), "sguild_dispatcher.delivery.outcomes.Retry"),
        (DeadLetter(CANARY), "sguild_dispatcher.delivery.outcomes.DeadLetter"),
    ],
)
async def test_a_handler_that_raises_fails_its_span_by_the_class_alone(
    database: Connection, dsn: str, spans: Spans, raised: Exception, error_type: str
) -> None:
    subscriber = sales(dsn)

    @subscriber.on_credit_locked
    async def fail(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        await write_effect(event, context)
        raise raised

    await subscriber.register()
    await publish(database, locked(1))
    await subscriber.drain()
    processes = spans.named("process credit.locked")
    assert {attributes_of(each)["error.type"] for each in processes} == {error_type}
    assert {each.status.status_code for each in processes} == {StatusCode.ERROR}
    assert CANARY not in "".join(each.to_json() for each in spans.all())


async def test_each_attempt_has_a_span_of_its_own(database: Connection, dsn: str, spans: Spans) -> None:
    subscriber = sales(dsn)
    attempts: list[int] = []

    @subscriber.on_credit_locked
    async def fail_once(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        attempts.append(context.attempt)
        await write_effect(event, context)
        if context.attempt == 1:
            raise KeyError

    await subscriber.register()
    await publish(database, locked(1))
    await subscriber.drain()
    [send] = spans.named("send credit.locked")
    processes = spans.named("process credit.locked")
    assert [attributes_of(each)["sguild_dispatcher.delivery.attempt"] for each in processes] == attempts
    assert attempts[-1] == 2
    assert "error.type" not in attributes_of(processes[-1])
    assert {each.parent and each.parent.span_id for each in processes} == {context_of(send).span_id}


async def test_a_discarded_event_is_no_error(database: Connection, dsn: str, spans: Spans) -> None:
    subscriber = sales(dsn)

    @subscriber.on_credit_locked
    async def discard(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        await write_effect(event, context)
        raise Discard("merged")

    await subscriber.register()
    await publish(database, locked(1))
    await subscriber.drain()
    assert {each.status.status_code for each in spans.named("process credit.locked")} == {StatusCode.UNSET}


async def test_a_handler_in_a_thread_is_in_its_span(database: Connection, dsn: str, spans: Spans) -> None:
    subscriber = sales(dsn)
    seen: list[int] = []

    def look(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        assert event.event_id == context.event_id
        seen.append(trace.get_current_span().get_span_context().span_id)

    subscriber.leased().on_credit_locked(look)  # type: ignore[arg-type]
    await subscriber.register()
    await publish(database, locked(1))
    await subscriber.drain()
    assert seen == [context_of(each).span_id for each in spans.named("process credit.locked")]
    assert len(spans.named("receive")) == 1


@pytest.mark.parametrize(
    "trace_context",
    ["", "00-0-0-00", "x" * 9000, TRACEPARENT[:-1] + "\u0661", "congo=t61", f"{'x' * 55} congo=t61"],
)
async def test_a_trace_that_is_none_begins_one_outside_of_that_of_the_worker(
    database: Connection, dsn: str, spans: Spans, trace_context: str
) -> None:
    subscriber = sales(dsn)
    subscriber.on_credit_locked(write_effect)
    await subscriber.register()
    await publish(database, locked(1))
    await database.execute("update sguild_dispatcher.event_log set trace_context = $1", trace_context)
    with trace.get_tracer("a service").start_as_current_span("start"):
        await subscriber.drain()
    [start], [process], [receive] = (
        spans.named(each) for each in ("start", "process credit.locked", "receive")
    )
    assert process.parent is None
    assert receive.parent is None
    assert process.links == receive.links == ()
    assert context_of(process).trace_id != context_of(start).trace_id


async def test_nothing_is_told_while_nothing_waits(database: Connection, dsn: str, spans: Spans) -> None:
    subscriber = sales(dsn)
    subscriber.on_credit_locked(write_effect)
    await subscriber.register()
    assert not database.is_closed()
    task = asyncio.create_task(subscriber.run())
    await asyncio.sleep(0.3)
    await subscriber.stop()
    await task
    assert spans.all() == []
