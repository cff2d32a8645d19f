"""Several events at once: all of them are written or none, in their order, each with its exact text."""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Generic, Self

import psycopg
import pytest
from pydantic import model_validator

from publishing_kit import KEYRING, NOW, SECRET, lead, locked, rows, settled, with_asyncpg
from sample_contracts import (
    CreditLockedV1,
    Event,
    RevenuePublisher,
    RevenueSyncPublisher,
    SalesPublisher,
    registry,
)
from sguild_dispatcher.database import Connection
from sguild_dispatcher.errors import (
    ForeignEventError,
    InvalidEventError,
    MissingContextError,
    MissingKeyError,
    PublishError,
    UnregisteredEventTypeError,
)
from sguild_dispatcher.fields import violation
from sguild_dispatcher.models import PayloadT_co
from sguild_dispatcher.publisher import PART
from sguild_dispatcher.settings import Settings
from sguild_dispatcher.signing import Keyring

REFUSED: dict[str, tuple[list[Any], type[PublishError], str]] = {
    "wrong value": (
        [locked(), locked(locked_credits=SECRET)],
        InvalidEventError,
        "payloads[1]: credit.locked version 1 is refused. /payload/locked_credits: must be an integer",
    ),
    "foreign event": (
        [locked(), locked(), lead()],
        ForeignEventError,
        "payloads[2]: lead.created is produced by sales",
    ),
    "no payload": ([{"a": 1}, locked()], UnregisteredEventTypeError, "payloads[0]: dict is not the payload"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_a_refusal_names_the_index_and_leaves_no_row(case: str, dsn: str) -> None:
    payloads, error, words = REFUSED[case]
    async with with_asyncpg(dsn) as connection, connection.transaction():
        with pytest.raises(error) as caught:
            await settled(RevenuePublisher).publish_many(connection, payloads)
        assert await connection.fetchval("select 1") == 1, "the transaction is still usable"
    assert words in str(caught.value)
    assert SECRET not in str(caught.value)
    assert caught.value.__suppress_context__
    assert await rows(dsn) == []


async def test_what_no_payload_is_to_blame_for_names_none(dsn: str) -> None:
    async with with_asyncpg(dsn) as connection, connection.transaction():
        with pytest.raises(MissingKeyError, match=r"^The keyring has no active key"):
            await settled(RevenuePublisher, keyring=Keyring.generate(["sales"])).publish_many(
                connection, [locked()]
            )
    with (
        psycopg.connect(dsn) as sync,
        pytest.raises(MissingContextError, match=r"payloads\[0\]: credit\.locked version 1 has no tenant"),
    ):
        settled(RevenueSyncPublisher, settings=Settings()).publish_many(sync, [locked()])
    assert await rows(dsn) == []


async def test_a_source_that_fails_leaves_no_row(dsn: str) -> None:
    def failing() -> Iterator[CreditLockedV1]:
        yield locked()
        raise ZeroDivisionError

    async with with_asyncpg(dsn) as connection, connection.transaction():
        with pytest.raises(ZeroDivisionError):
            await settled(RevenuePublisher).publish_many(connection, failing())
    assert await rows(dsn) == []


async def test_hundreds_of_events_are_one_statement_and_none_is_no_statement(dsn: str) -> None:
    statements: list[str] = []
    async with with_asyncpg(dsn) as connection, connection.transaction():
        await settled(RevenuePublisher).publish_many(connection, [locked()])  # prepares the statement
        connection.add_query_logger(lambda record: statements.append(record.query))
        assert await settled(RevenuePublisher).publish_many(connection, []) == []
        await settled(RevenuePublisher).publish_many(connection, [locked() for _ in range(PART)])
        await asyncio.sleep(0)  # asyncpg calls its loggers later
        assert len(statements) == 1
    assert len(await rows(dsn)) == PART + 1


class Calling(Keyring):
    """Calls a function when so many events have been signed."""

    left: int
    call: Callable[[], object]

    def sign(self, domain: str, body: bytes | str) -> tuple[str, str]:
        """Sign as any keyring."""
        self.left -= 1
        if self.left == 0:
            self.call()
        return KEYRING.sign(domain, body)


def calling(left: int, call: Callable[[], object]) -> Calling:
    keyring = Calling([])
    keyring.left, keyring.call = left, call
    return keyring


async def test_a_part_is_written_while_the_next_one_is_made(dsn: str) -> None:
    seen: list[str] = []
    async with with_asyncpg(dsn) as connection:

        def look() -> None:
            with psycopg.connect(dsn) as other:
                query = "select query from pg_stat_activity where pid = %s"
                seen.extend(row[0] for row in other.execute(query, [connection.get_server_pid()]))

        publisher = settled(RevenuePublisher, keyring=calling(PART + 2, look))
        async with connection.transaction():
            ids = await publisher.publish_many(connection, [locked()])  # prepares the statement
            ids += await publisher.publish_many(connection, [locked() for _ in range(3 * PART)])
    assert "insert into sguild_dispatcher.event_log" in seen[0]
    found = await rows(dsn)
    assert [row["event_id"] for row in found] == ids
    assert len({row["txid"] for row in found}) == 1


async def test_a_late_refusal_takes_back_the_parts_before_it_and_nothing_else(dsn: str) -> None:
    wrong = [*(locked() for _ in range(3 * PART)), locked(locked_credits=SECRET)]
    async with with_asyncpg(dsn) as connection, connection.transaction():
        first = await settled(RevenuePublisher).publish(connection, locked())
        with pytest.raises(InvalidEventError, match=rf"^payloads\[{3 * PART}\]: "):
            await settled(RevenuePublisher).publish_many(connection, wrong)
        last = await settled(RevenuePublisher).publish(connection, locked())
    assert [row["event_id"] for row in await rows(dsn)] == [first, last]


async def test_a_batch_that_is_cancelled_leaves_no_part(dsn: str) -> None:
    async def publish(connection: Connection, keyring: Keyring) -> None:
        await settled(RevenuePublisher, keyring=keyring).publish_many(
            connection, [locked() for _ in range(3 * PART)]
        )

    async with with_asyncpg(dsn) as connection, connection.transaction():
        keyring = calling(2 * PART + 1, lambda: None)
        task = asyncio.create_task(publish(connection, keyring))
        keyring.call = task.cancel
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await connection.fetchval("select 1") == 1, "the transaction is still usable"
    assert await rows(dsn) == []


TEXTS = ('"', "\\", "\\u0000", "\N{LINE SEPARATOR}", "\N{GRINNING FACE}", "\x7f\x1f\n", "null", "{}", "ﬀ")


async def test_no_text_is_changed_on_its_way(dsn: str) -> None:
    publisher = settled(SalesPublisher)
    async with with_asyncpg(dsn) as connection, connection.transaction():
        await publisher.publish_many(connection, [lead(tags=[each]) for each in TEXTS])
    found = await rows(dsn)
    assert [json.loads(row["body"])["payload"]["tags"] for row in found] == [[each] for each in TEXTS]
    assert {KEYRING.verify(row["key_id"], row["body"], row["signature"]) for row in found} == {"sales"}


async def test_an_ordering_key_may_have_lines(dsn: str) -> None:
    keys = ["a\nb", "\n", "c"]
    async with with_asyncpg(dsn) as connection, connection.transaction():
        await settled(SalesPublisher).publish_many(connection, [lead(**{"class": each}) for each in keys])
    found = await rows(dsn)
    assert [row["ordering_key"] for row in found] == keys
    assert [json.loads(row["body"])["payload"]["class"] for row in found] == keys


class WaryEvent(Event[PayloadT_co], Generic[PayloadT_co], frozen=True):
    """An envelope with a rule over itself and its payload."""

    @model_validator(mode="after")
    def _check_contract(self) -> Self:
        if getattr(self.payload, "locked_credits", 0) > 2:
            raise violation("/actor", "must be a person for so many credits")
        return self


class WaryPublisher(RevenuePublisher):
    """Publishes in that envelope."""

    registry = replace(registry, envelope=f"{__name__}:WaryEvent")


async def test_an_envelope_with_a_rule_of_its_own_is_judged_with_each_payload(dsn: str) -> None:
    async with with_asyncpg(dsn) as connection, connection.transaction():
        with pytest.raises(InvalidEventError, match=r"payloads\[1\]: .*/actor: must be a person"):
            await settled(WaryPublisher).publish_many(connection, [locked(), locked(locked_credits=3)])
        await settled(WaryPublisher).publish_many(connection, [locked(), locked()])
    assert len(await rows(dsn)) == 2


async def test_numbers_keep_the_way_they_are_written(dsn: str) -> None:
    payload = locked(locked_credits=10**20, locked_at=NOW)
    async with with_asyncpg(dsn) as connection, connection.transaction():
        await settled(RevenuePublisher).publish_many(connection, [payload])
    (row,) = await rows(dsn)
    assert '"locked_credits":100000000000000000000,' in row["body"]


class Rotating(Keyring):
    """Signs with one key after another, as when a key is rotated while a batch is signed."""

    others: Iterator[Keyring]

    def sign(self, domain: str, body: bytes | str) -> tuple[str, str]:
        """Sign with the next key."""
        return next(self.others).sign(domain, body)


async def test_a_key_that_is_rotated_in_the_middle_of_a_batch_is_stored_with_what_it_signed(dsn: str) -> None:
    old, new = Keyring.generate(["revenue"]), Keyring.generate(["revenue"])
    rotating = Rotating([])
    rotating.others = iter([old, old, new])
    both = Keyring([*(each.in_state("retired") for each in old), *new])
    async with with_asyncpg(dsn) as connection, connection.transaction():
        await settled(RevenuePublisher, keyring=rotating).publish_many(
            connection, [locked(), locked(), locked()]
        )
    stored = await rows(dsn)
    assert [each["key_id"] for each in stored] == [*[next(iter(old)).id] * 2, next(iter(new)).id]
    for each in stored:
        assert both.verify(each["key_id"], each["body"], each["signature"]) == "revenue"


async def test_one_payload_is_not_several(connection: Connection) -> None:
    publisher = RevenuePublisher(keyring=KEYRING, settings=Settings(tenant_id="tenant-1"))
    one: Any = locked()
    with pytest.raises(InvalidEventError, match=r"got one CreditLockedV1: write \[payload\]"):
        async with connection.transaction():
            await publisher.publish_many(connection, one)
