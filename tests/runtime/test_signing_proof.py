"""Nothing that was changed is believed, whatever was changed, and nothing but the one refusal comes of it."""

import base64
import itertools
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import pytest

from deliveries_kit import DOMAINS, failures, locked, publish, sales
from sample_contracts import CreditLockedV1, Event, EventId, LessonId, PersonId, registry
from sguild_dispatcher.database import Connection
from sguild_dispatcher.errors import SignatureError
from sguild_dispatcher.reading import Reader, Refusal
from sguild_dispatcher.signing import Algorithm, Key, Keyring
from sguild_dispatcher.subscriber import DrainResult, HandlerContext
from sguild_dispatcher.webhooks import Webhooks
from signing_kit import NOW, StandingClock

Row: TypeAlias = dict[str, Any]
Edit: TypeAlias = Callable[[random.Random, str], str]

STRANGE = "\x00\n\r\t .,:;=+/-_~!'\"\\{}[]éß٣\u200b\ud800\U0001f986" + "09afAFgzGZ"
EDITS: tuple[Edit, ...] = (
    lambda draw, text: _at(draw, text, draw.choice(STRANGE), 1),
    lambda draw, text: _at(draw, text, draw.choice(STRANGE), 0),
    lambda draw, text: _at(draw, text, "", draw.randint(1, 4)),
    lambda draw, text: _at(draw, text, chr(draw.randrange(0x110000)), 1),
    lambda draw, text: text[: draw.randint(0, len(text))],
    lambda draw, text: text[draw.randint(0, len(text)) :],
    lambda draw, text: draw.choice(STRANGE) + text,
    lambda draw, text: text + draw.choice(STRANGE),
    lambda draw, text: text + text[: draw.randint(0, len(text))],
    lambda _, text: text.swapcase(),
    lambda _, text: text[::-1],
    lambda draw, text: "".join(draw.sample(text, len(text))),
    lambda draw, _: "".join(draw.choices(STRANGE, k=draw.randint(0, 200))),
    lambda draw, text: text.replace(draw.choice(text or "x"), draw.choice(STRANGE)),
)

counts = pytest.mark.parametrize("count", [400, pytest.param(10_000, marks=pytest.mark.proof)])
algorithms = pytest.mark.parametrize("algorithm", ["hmac-sha256", "ed25519"])


def seeded(name: str) -> random.Random:
    return random.Random(name)  # noqa: S311 - the same edits in each run, and no secret


def _at(draw: random.Random, text: str, new: str, old: int) -> str:
    position = draw.randint(0, max(0, len(text) - old))
    return text[:position] + new + text[position + old :]


def changed(draw: random.Random, text: str) -> str:
    """Return a text that is like ``text``, more or less, and is not ``text``."""
    while True:
        edited = draw.choice(EDITS)(draw, text)
        if edited != text:
            return edited


def keys(algorithm: Algorithm) -> list[Key]:
    """An active key of each domain, and of revenue one in each other state."""
    others = [Key.generate("revenue", algorithm=algorithm, state=state) for state in ("next", "retired")]
    ended = Key.generate("revenue", algorithm=algorithm).in_state("retired", until=NOW - timedelta(days=1))
    revoked = Key.generate("revenue", algorithm=algorithm, state="revoked")
    return [*Keyring.generate([*DOMAINS, "strangers"], algorithm=algorithm), *others, ended, revoked]


def signed_row(keyring: Keyring, body: str, *, domain: str = "revenue", producer: str = "revenue") -> Row:
    """Return a row of the log with a body, and the signature of a domain."""
    signed = json.loads(body)
    key_id, signature = keyring.sign(domain, body)
    columns = {name: signed[name] for name in ("event_id", "event_type", "tenant_id", "schema_version")}
    return {
        **columns,
        "producer": producer,
        "ordering_key": signed["payload"]["lesson_id"],
        "key_id": key_id,
        "signature": signature,
        "body": body,
    }


def body_of(lesson: LessonId) -> str:
    """Return a body as revenue publishes it."""
    payload = CreditLockedV1(lesson_id=lesson, person_id=PersonId.mint(), locked_credits=1, locked_at=NOW)
    return Event[CreditLockedV1](
        event_id=EventId.mint(),
        event_type="credit.locked",
        occurred_at=NOW,
        tenant_id="tenant-1",
        producer="revenue",
        schema_version=1,
        payload=payload,
    ).model_dump_json()


def altered_rows(draw: random.Random, keyring: Keyring, right: Row, other: Row) -> Iterator[Row]:
    """Yield rows that differ from ``right`` in one column, or have a part of ``other``, or a made-up one."""
    while True:
        column = draw.choice(("signature", "signature", "key_id", "body", "body", *right))
        value = right[column]
        yield {**right, column: value + draw.randint(1, 9) if value == 1 else changed(draw, value)}
        for part in ("signature", "body"):
            yield {**right, part: other[part]}
        yield {**right, "key_id": draw.choice([key.id for key in keyring if key.id != right["key_id"]])}
        yield {**right, "signature": f"{right['signature'].partition(':')[0]}:{draw.randbytes(32).hex()}"}
        yield {**right, "signature": draw.choice(("hmac-sha256:", "ed25519:")) + draw.randbytes(64).hex()}


@counts
@algorithms
def test_an_altered_row_is_refused(algorithm: Algorithm, count: int) -> None:
    draw = seeded(f"row {algorithm}")
    keyring = Keyring(keys(algorithm), clock=StandingClock(NOW))
    reader = Reader(registry, keyring)
    right, other = (signed_row(keyring, body_of(LessonId.mint())) for _ in range(2))
    assert isinstance(reader.read(right), Event)
    for row in itertools.islice(altered_rows(draw, keyring, right, other), count):
        read = reader.read(row)
        assert isinstance(read, Refusal), row
        assert read.reason == "bad_signature", row


@counts
@algorithms
def test_an_altered_signature_is_refused_by_one_error(algorithm: Algorithm, count: int) -> None:
    draw = seeded(f"signature {algorithm}")
    keyring = Keyring(keys(algorithm), clock=StandingClock(NOW))
    body = body_of(LessonId.mint())
    right = (*keyring.sign("revenue", body)[:1], body, keyring.sign("revenue", body)[1])
    assert keyring.verify(*right) == "revenue"
    for _ in range(count):
        place = draw.randrange(3)
        wrong = [changed(draw, part) if index == place else part for index, part in enumerate(right)]
        with pytest.raises(SignatureError) as caught:
            keyring.verify(*wrong)
        assert type(caught.value) is SignatureError


@counts
@algorithms
def test_an_altered_webhook_is_refused_by_one_error(algorithm: Algorithm, count: int) -> None:
    draw = seeded(f"webhook {algorithm}")
    clock = StandingClock(NOW)
    webhooks = Webhooks(Keyring(keys(algorithm), clock=clock), "revenue", clock=clock)
    body = body_of(LessonId.mint())
    sent = webhooks.sign("evt_1", body)
    assert webhooks.verify(sent, body).webhook_id == "evt_1"
    for headers, text in itertools.islice(altered_webhooks(draw, sent, body), count):
        with pytest.raises(SignatureError) as caught:
            webhooks.verify(headers, text)
        assert type(caught.value) is SignatureError


def altered_webhooks(
    draw: random.Random, sent: dict[str, str], body: str
) -> Iterator[tuple[dict[str, str], str]]:
    """Yield messages that differ from the one sent, and have not its signature beside another one."""
    right = sent["webhook-signature"]
    seconds = int(sent["webhook-timestamp"])
    while True:
        name = draw.choice((*sent, "webhook-signature"))
        wrong = changed(draw, sent[name])
        if right not in wrong.split(" "):
            yield {**sent, name: wrong}, body
        yield sent, changed(draw, body)
        yield {**sent, "webhook-timestamp": str(seconds + draw.choice((-1, 1)) * draw.randint(1, 600))}, body
        yield {each: sent[each] for each in sent if each != name}, body
        yield {**sent, name.swapcase(): sent[name]}, body
        size = draw.choice((0, 1, 31, 32, 33, 63, 64, 65, 128))
        forged = base64.b64encode(draw.randbytes(size)).decode()
        yield {**sent, "webhook-signature": f"{draw.choice(('v1', 'v1a', 'v2'))},{forged}"}, body


PRODUCERS = (*DOMAINS, "strangers")


def combinations(keyring: Keyring, occurred_at: datetime) -> Iterator[tuple[Row, bool]]:
    """Yield rows for each choice of producer in column and body and of key, and whether all is well."""
    template = json.loads(body_of(LessonId.mint()))
    template["occurred_at"] = occurred_at.isoformat().replace("+00:00", "Z")
    # The producer that is deprecated may emit any event type, but only until it ends.
    may_emit = {"revenue", "operations"} if occurred_at == NOW else {"revenue"}
    for column, signer, body in itertools.product(
        PRODUCERS, PRODUCERS, (*PRODUCERS, None, 5, ["revenue"], "")
    ):
        row = signed_row(keyring, json.dumps({**template, "producer": body}), domain=signer, producer=column)
        yield row, column == signer == body and column in may_emit


@algorithms
@pytest.mark.parametrize(("days", "believed"), [(0, 2), (20, 1)])
def test_column_body_and_key_must_name_one_domain_that_may_emit_the_event(
    algorithm: Algorithm, days: int, believed: int
) -> None:
    keyring = Keyring(keys(algorithm), clock=StandingClock(NOW))
    reader = Reader(registry, keyring)
    outcomes = Counter[bool]()
    for row, well in combinations(keyring, NOW + timedelta(days=days)):
        read = reader.read(row)
        assert isinstance(read, Event) == well, row
        assert well or (isinstance(read, Refusal) and read.reason == "bad_signature"), row
        outcomes[well] += 1
    assert outcomes == {True: believed, False: 225 - believed}


@algorithms
async def test_a_worker_delivers_one_of_all_combinations(
    connection: Connection, dsn: str, algorithm: Algorithm
) -> None:
    keyring = Keyring.generate(DOMAINS, algorithm=algorithm)
    choices = list(itertools.product(DOMAINS, repeat=3))
    ids = await publish(connection, *(locked(number) for number in range(1, len(choices) + 1)))
    for event_id, (column, body, signer) in zip(ids, choices, strict=True):
        await _rewrite(connection, keyring, event_id, column=column, body=body, signer=signer)
    subscriber = sales(dsn, keyring=keyring)
    called: list[int] = []

    @subscriber.on_credit_locked
    async def call(event: Event[CreditLockedV1], _context: HandlerContext) -> None:
        called.append(event.payload.locked_credits)

    await subscriber.register()
    assert await subscriber.drain() == DrainResult(delivered=1, dead=63)
    assert [choices[number - 1] for number in called] == [("revenue", "revenue", "revenue")]
    assert {row["reason"] for row in await failures(connection)} == {"bad_signature"}


async def _rewrite(
    connection: Connection, keyring: Keyring, event_id: str, *, column: str, body: str, signer: str
) -> None:
    """Change an event as someone can who has a key, and may write to the log."""
    log = "sguild_dispatcher.event_log"
    text = await connection.fetchval(f"select body from {log} where event_id = $1", event_id)  # noqa: S608
    text = json.dumps({**json.loads(text), "producer": body})
    key_id, signature = keyring.sign(signer, text)
    await connection.execute(
        f"update {log} set producer = $2, body = $3, key_id = $4, signature = $5 where event_id = $1",  # noqa: S608
        *(event_id, column, text, key_id, signature),
    )
