import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deliveries_kit import KEYRING, by_an_operator, failures, locked, publish, sales
from sample_contracts import (
    CreditAccountId,
    CreditLockedV1,
    CreditReleasedV1,
    CreditReleasedV2,
    Event,
    PersonId,
    RevenuePublisher,
)
from sguild_dispatcher.context import request_context
from sguild_dispatcher.database import Connection
from sguild_dispatcher.settings import Settings
from sguild_dispatcher.signing import Keyring, rotation
from sguild_dispatcher.subscriber import DrainResult, HandlerContext
from sguild_dispatcher.versions import Reading

Change = Callable[[dict[str, Any]], object]


async def outcome(connection: Connection, dsn: str, **options: Any) -> tuple[str, str]:
    """Drain, and return reason and detail of the one dead letter; no handler may have been called."""
    subscriber = sales(dsn, **options)
    called = []

    @subscriber.on_credit_locked
    async def call(event: Event[CreditLockedV1], _context: HandlerContext) -> None:
        called.append(event)

    @subscriber.on_credit_released
    async def call_too(event: Event[Any], _context: HandlerContext) -> None:
        called.append(event)

    await subscriber.register()
    assert await subscriber.drain() == DrainResult(dead=1)
    assert called == []
    [row] = await failures(connection)
    assert (row["state"], row["attempts"]) == ("dead", 0)
    return row["reason"], row["detail"]


async def resign(connection: Connection, change: Change, *, domain: str = "revenue", **columns: Any) -> None:
    """Publish one event, change its body, and sign it again, as someone who has a key can."""
    await publish(connection, locked(1))
    body = json.loads(await connection.fetchval("select body from sguild_dispatcher.event_log"))
    change(body)
    await store(connection, json.dumps(body), domain=domain, **columns)


async def store(connection: Connection, body: str, *, domain: str = "revenue", **columns: Any) -> None:
    key_id, signature = KEYRING.sign(domain, body)
    values = {"body": body, "key_id": key_id, "signature": signature, **columns}
    settings = ", ".join(f"{name} = ${number}" for number, name in enumerate(values, start=1))
    await connection.execute(f"update sguild_dispatcher.event_log set {settings}", *values.values())  # noqa: S608


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("body", "replace(body, '\"locked_credits\":1', '\"locked_credits\":9')"),
        ("body", "body || ' '"),
        ("signature", "replace(signature, 'hmac', 'HMAC')"),
        ("signature", "''"),
        ("key_id", "'unknown'"),
        ("event_id", "'evt_01890a5d-ac96-774b-bcce-b302099a8057'"),
        ("event_type", "'credit.released'"),
        ("event_type", "'never.registered'"),
        ("schema_version", "2"),
        ("producer", "'sales'"),
        ("tenant_id", "'tenant-2'"),
        ("ordering_key", "'another'"),
    ],
)
async def test_a_row_that_was_altered_never_reaches_a_handler(
    connection: Connection, dsn: str, column: str, value: str
) -> None:
    await publish(connection, locked(1))
    await connection.execute(f"update sguild_dispatcher.event_log set {column} = {value}")  # noqa: S608
    reason, detail = await outcome(connection, dsn)
    assert reason == "bad_signature"
    if column not in ("body", "signature", "key_id"):
        assert detail == f"The column {column} is not what was signed: the row was altered."


@pytest.mark.parametrize("domain", ["sales", "delivery", "operations"])
async def test_the_key_of_another_domain_is_a_bad_signature(
    connection: Connection, dsn: str, domain: str
) -> None:
    await resign(connection, lambda _: None, domain=domain)
    assert await outcome(connection, dsn) == (
        "bad_signature",
        f"A key of {domain} signed an event of revenue.",
    )


async def test_a_domain_cannot_emit_what_another_one_produces(connection: Connection, dsn: str) -> None:
    await resign(connection, lambda body: body.update(producer="sales"), domain="sales", producer="sales")
    assert await outcome(connection, dsn) == ("bad_signature", "sales signed an event of revenue.")


async def test_signature_goes_before_everything_else(connection: Connection, dsn: str) -> None:
    def spoil(body: dict[str, Any]) -> None:
        body["producer"] = "sales"
        del body["payload"]["lesson_id"]

    await resign(connection, spoil, domain="sales", producer="sales")
    assert (await outcome(connection, dsn))[0] == "bad_signature"


@pytest.mark.parametrize(
    ("change", "columns", "reason"),
    [
        (
            lambda body: body.update(event_type="never.made"),
            {"event_type": "never.made"},
            "unknown_event_type",
        ),
        # What the newest known version does not take is of a version that is not known.
        (
            lambda body: (body.update(schema_version=7), body["payload"].pop("lesson_id")),
            {"schema_version": 7},
            "unknown_version",
        ),
        # Of an event type that is unknown, nothing says what else its envelope should be.
        (
            lambda body: (body.update(event_type="never.made"), body.pop("tenant_id")),
            {"event_type": "never.made"},
            "unknown_event_type",
        ),
        (
            lambda body: (body.update(schema_version=7), body.pop("payload")),
            {"schema_version": 7},
            "unknown_version",
        ),
        (lambda body: body.pop("event_type"), {"event_type": "never.made"}, "invalid_envelope"),
        (lambda body: body.pop("schema_version"), {"schema_version": 7}, "invalid_envelope"),
        (lambda body: body.pop("event_type"), {}, "invalid_envelope"),
        (lambda body: body.pop("tenant_id"), {}, "invalid_envelope"),
        (lambda body: body.update(extra=1), {}, "invalid_envelope"),
        (lambda body: body.pop("payload"), {}, "invalid_envelope"),
        (lambda body: body.update(payload=[]), {}, "invalid_envelope"),
        (lambda body: body["payload"].pop("lesson_id"), {}, "invalid_payload"),
        (lambda body: body["payload"].update(locked_credits=0), {}, "invalid_payload"),
        (lambda body: (body["payload"].clear(), body.update(extra=1)), {}, "invalid_envelope"),
    ],
)
async def test_what_cannot_be_read_goes_to_the_dead_letters_with_its_reason(
    connection: Connection, dsn: str, change: Change, columns: dict[str, Any], *, reason: str
) -> None:
    await resign(connection, change, **columns)
    assert (await outcome(connection, dsn))[0] == reason


async def test_an_event_of_a_withdrawn_version(connection: Connection) -> None:
    """Sales does not read the type, so the reader is asked directly."""
    from sample_contracts import registry
    from sguild_dispatcher.reading import Reader, Refusal

    def change(body: dict[str, Any]) -> None:
        body.update(event_type="lead.created", producer="sales", schema_version=2)

    columns = {"event_type": "lead.created", "producer": "sales", "schema_version": 2}
    await resign(connection, change, domain="sales", **columns)
    row = await connection.fetchrow("select * from sguild_dispatcher.event_log")
    assert row is not None
    assert Reader(registry, KEYRING).read(dict(row)) == Refusal(
        "withdrawn_version", "lead.created version 2 is withdrawn and has no schema."
    )


@pytest.mark.parametrize("body", ["", "[]", "nonsense", '{"event_id": '])
async def test_a_signed_body_that_is_no_event(connection: Connection, dsn: str, body: str) -> None:
    await publish(connection, locked(1))
    await store(connection, body)
    assert (await outcome(connection, dsn))[0] == "invalid_envelope"


async def test_the_detail_names_the_field_and_not_its_value(connection: Connection, dsn: str) -> None:
    await resign(connection, lambda body: body["payload"].update(person_id="Ada Lovelace"))
    reason, detail = await outcome(connection, dsn)
    assert reason == "invalid_payload"
    assert "/payload/person_id" in detail
    assert "Ada" not in detail


async def test_a_fault_of_the_reader_stops_nobody_else(
    connection: Connection, dsn: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = Reading.read

    def faulty(self: Reading, body: bytes) -> Any:
        if b'"locked_credits":2' in body:
            raise AttributeError(body.decode())
        return real(self, body)

    monkeypatch.setattr(Reading, "read", faulty)
    subscriber = sales(dsn)
    seen: list[int] = []

    @subscriber.on_credit_locked
    async def note(event: Event[CreditLockedV1], _context: HandlerContext) -> None:
        seen.append(event.payload.locked_credits)

    await subscriber.register()
    await publish(connection, *(locked(each) for each in range(1, 4)))
    assert await subscriber.drain() == DrainResult(delivered=2, dead=1)
    assert seen == [1, 3]
    [row] = await failures(connection)
    assert (row["reason"], "Reading it failed (AttributeError)" in row["detail"]) == ("invalid_payload", True)
    assert [each.__dict__["code"] for each in caplog.records if each.levelname == "ERROR"] == [
        "reading-failed"
    ]
    assert "account" not in row["detail"] + caplog.text


async def test_another_live_version_than_the_handlers(connection: Connection, dsn: str) -> None:
    early = RevenuePublisher(
        keyring=KEYRING, settings=Settings(), clock=lambda: datetime(2026, 5, 1, tzinfo=UTC)
    )
    payload = CreditReleasedV1(credit_account_id=CreditAccountId.mint(), person_id=PersonId.mint())
    with request_context(tenant_id="tenant-1"):
        async with connection.transaction():
            await early.publish(connection, payload)
    subscriber = sales(dsn)
    seen = []

    @subscriber.on_credit_released
    async def see(event: Event[CreditReleasedV2], _context: HandlerContext) -> None:
        seen.append((event.emitted_version, event.payload))

    await subscriber.register()
    assert await subscriber.drain() == DrainResult(delivered=1)
    assert seen == [(1, by_an_operator(payload))]


LAST_MOMENT = datetime(2026, 5, 12, tzinfo=UTC) - timedelta(seconds=1)


@pytest.mark.parametrize(
    ("moment", "domain", "accepted"),
    [
        (LAST_MOMENT, "operations", True),
        (LAST_MOMENT + timedelta(seconds=1), "operations", False),
        (LAST_MOMENT, "revenue", False),
        (LAST_MOMENT, "sales", False),
    ],
)
async def test_the_legacy_producer_is_believed_until_its_end(
    connection: Connection, dsn: str, moment: datetime, domain: str, *, accepted: bool
) -> None:
    def change(body: dict[str, Any]) -> None:
        body.update(producer="operations", occurred_at=moment.isoformat().replace("+00:00", "Z"))

    await resign(connection, change, domain=domain, producer="operations")
    if not accepted:
        assert (await outcome(connection, dsn))[0] == "bad_signature"
        return
    subscriber = sales(dsn)
    seen = []

    @subscriber.on_credit_locked
    async def see(event: Event[CreditLockedV1], _context: HandlerContext) -> None:
        seen.append(event.producer)

    await subscriber.register()
    assert await subscriber.drain() == DrainResult(delivered=1)
    assert seen == ["operations"]


async def test_a_copied_row_is_delivered_again_as_the_security_notes_say(
    connection: Connection, dsn: str
) -> None:
    await publish(connection, locked(1))
    names = "event_id, event_type, schema_version, producer, tenant_id, ordering_key, key_id, signature, body"
    await connection.execute(
        f"insert into sguild_dispatcher.event_log ({names}) select {names} from sguild_dispatcher.event_log"  # noqa: S608
    )
    subscriber = sales(dsn)
    seen = []

    @subscriber.on_credit_locked
    async def see(event: Event[CreditLockedV1], _context: HandlerContext) -> None:
        seen.append(event.event_id)

    await subscriber.register()
    assert await subscriber.drain() == DrainResult(delivered=2)
    assert len(set(seen)) == 1


async def test_a_retired_key_still_verifies(connection: Connection, dsn: str) -> None:
    await publish(connection, locked(1))
    subscriber = sales(dsn, keyring=rotation.retire(KEYRING, KEYRING.active("revenue").id))

    @subscriber.on_credit_locked
    async def pass_(_event: Event[CreditLockedV1], _context: HandlerContext) -> None: ...

    await subscriber.register()
    assert await subscriber.drain() == DrainResult(delivered=1)


async def test_a_key_that_is_not_at_hand_is_a_bad_signature(connection: Connection, dsn: str) -> None:
    await publish(connection, locked(1))
    reason, detail = await outcome(connection, dsn, keyring=Keyring.generate(["revenue"]))
    assert reason == "bad_signature"
    assert "The keyring has no key 'revenue-" in detail


async def test_a_refusal_does_not_stop_its_neighbours_nor_their_retries(
    connection: Connection, dsn: str
) -> None:
    await publish(connection, locked(1), locked(2), locked(3))
    await connection.execute("update sguild_dispatcher.event_log set tenant_id = 'x' where seq = 2")
    subscriber = sales(dsn)
    seen = []

    @subscriber.on_credit_locked
    async def see(event: Event[CreditLockedV1], _context: HandlerContext) -> None:
        seen.append(event.payload.locked_credits)

    await subscriber.register()
    assert await subscriber.drain() == DrainResult(delivered=2, dead=1)
    assert seen == [1, 3]


async def test_a_replayed_row_is_verified_again(connection: Connection, dsn: str) -> None:
    from sguild_dispatcher.dead_letters import DeadLetterFilter, DeadLetters

    await publish(connection, locked(1))
    await connection.execute("update sguild_dispatcher.event_log set tenant_id = 'x'")
    await outcome(connection, dsn)
    await DeadLetters(dsn).replay(DeadLetterFilter(), actor="ada")
    assert await sales_drained(dsn) == DrainResult(dead=1)
    await DeadLetters(dsn).replay(DeadLetterFilter(), actor="ada")
    await connection.execute("update sguild_dispatcher.failed_delivery set tenant_id = 'tenant-1'")
    assert await sales_drained(dsn) == DrainResult(delivered=1)


async def sales_drained(dsn: str) -> DrainResult:
    subscriber = sales(dsn)

    @subscriber.on_credit_locked
    async def pass_(_event: Event[CreditLockedV1], _context: HandlerContext) -> None: ...

    return await subscriber.drain()
