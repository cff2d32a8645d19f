import json
from datetime import UTC, datetime

import pytest

from deliveries_kit import (
    create_effects,
    failures,
    locked,
    numbers,
    publish,
    recording,
    sales,
    write_effect,
)
from sample_contracts import CreditLockedV1, Event
from sguild_dispatcher.database import Connection
from sguild_dispatcher.dead_letters import DeadLetterFilter, DeadLetters
from sguild_dispatcher.errors import (
    ConfigurationError,
    DeadLetterFilterError,
    NotMigratedError,
    UnknownDeadLetterError,
    UnknownSubscriptionError,
)
from sguild_dispatcher.subscriber import DrainResult, HandlerContext
from sguild_dispatcher.subscriptions import SubscriberName

SALES = SubscriberName("sales", "crm")


class Doubtful:
    """A handler that fails until it is mended."""

    def __init__(self) -> None:
        self.mended = False
        self.contexts: list[HandlerContext] = []

    async def __call__(self, event: Event[CreditLockedV1], context: HandlerContext) -> None:
        self.contexts.append(context)
        await write_effect(event, context)
        if not self.mended:
            raise ValueError("the mail server is down")


@pytest.fixture
async def database(connection: Connection) -> Connection:
    await create_effects(connection)
    return connection


async def dead_letters_of(database: Connection, dsn: str, *payloads: CreditLockedV1) -> Doubtful:
    """Bring events into the dead letters, and return the handler."""
    handler = Doubtful()
    subscriber = sales(dsn)
    subscriber.on_credit_locked(handler)
    await subscriber.register()
    await publish(database, *payloads)
    assert await subscriber.drain() == DrainResult(retried=2 * len(payloads), dead=len(payloads))
    return handler


async def test_an_event_goes_through_its_retries_into_the_dead_letters(
    database: Connection, dsn: str
) -> None:
    handler = await dead_letters_of(database, dsn, locked(1))
    [letter] = await DeadLetters(dsn).list()
    assert (letter.subscriber, letter.reason, letter.attempts, letter.replays) == (
        SALES,
        "handler_failed",
        3,
        0,
    )
    assert letter.detail == "ValueError: the mail server is down"
    assert letter.shown_detail == "ValueError"
    # The batch without savepoints called it once before the attempts that count.
    assert [each.attempt for each in handler.contexts] == [1, 1, 2, 3]
    assert await numbers(database) == []


async def test_a_replay_after_the_mend_has_exactly_one_effect(database: Connection, dsn: str) -> None:
    handler = await dead_letters_of(database, dsn, locked(7))
    assert (await DeadLetters(database).replay(DeadLetterFilter(), actor="ada", reason="mended")).count == 1
    handler.mended = True
    subscriber = sales(dsn)
    subscriber.on_credit_locked(handler)
    assert await subscriber.drain() == DrainResult(delivered=1)
    assert await subscriber.drain() == DrainResult()
    assert await numbers(database) == [7]
    assert (handler.contexts[-1].attempt, handler.contexts[-1].replays) == (1, 1)
    assert await failures(database) == []
    [audit] = await database.fetch(
        "select * from sguild_dispatcher.audit_entry join sguild_dispatcher.audit_event on entry_id = id"
    )
    assert (audit["action"], audit["actor"], audit["reason"]) == ("replay", "ada", "mended")
    assert audit["event_type"] == "credit.locked"


async def test_a_replay_that_fails_goes_through_all_attempts_again(database: Connection, dsn: str) -> None:
    handler = await dead_letters_of(database, dsn, locked(1))
    await DeadLetters(dsn).replay(DeadLetterFilter(), actor="ada")
    subscriber = sales(dsn)
    subscriber.on_credit_locked(handler)
    assert await subscriber.drain() == DrainResult(retried=2, dead=1)
    [letter] = await DeadLetters(dsn).list()
    assert (letter.attempts, letter.replays) == (3, 1)


async def test_a_replay_keeps_the_order_of_the_log(database: Connection, dsn: str) -> None:
    handler = await dead_letters_of(database, dsn, *(locked(each) for each in range(1, 8)))
    assert (await DeadLetters(dsn).replay(DeadLetterFilter(), actor="ada")).count == 7
    handler.mended = True
    subscriber = sales(dsn)
    subscriber.on_credit_locked(handler)
    await subscriber.drain()
    assert await numbers(database) == [1, 2, 3, 4, 5, 6, 7]


async def test_a_discard_deletes_and_is_audited(database: Connection, dsn: str) -> None:
    handler = await dead_letters_of(database, dsn, locked(1), locked(2))
    first, second = await DeadLetters(dsn).list()
    assert (
        await DeadLetters(dsn).discard(DeadLetterFilter(ids=(first.id,)), actor="ada", reason="a test event")
        == 1
    )
    assert [each.id for each in await DeadLetters(dsn).list()] == [second.id]
    [audit] = await database.fetch(
        "select * from sguild_dispatcher.audit_entry join sguild_dispatcher.audit_event on entry_id = id"
    )
    assert (audit["action"], audit["event_id"], audit["seq"]) == ("discard", first.event_id, first.seq)
    handler.mended = True
    subscriber = sales(dsn)
    subscriber.on_credit_locked(handler)
    assert await subscriber.drain() == DrainResult()


async def test_a_retry_is_no_dead_letter(database: Connection, dsn: str) -> None:
    await dead_letters_of(database, dsn, locked(1))
    letters = DeadLetters(dsn)
    await letters.replay(DeadLetterFilter(), actor="ada")
    assert await letters.list() == []
    assert (await letters.replay(DeadLetterFilter(), actor="ada")).id is None
    assert await letters.discard(DeadLetterFilter(), actor="ada") == 0


@pytest.mark.parametrize(
    ("only", "found"),
    [
        (DeadLetterFilter(), 2),
        (DeadLetterFilter(subscriber=SALES), 2),
        (DeadLetterFilter(event_type="credit.locked"), 2),
        (DeadLetterFilter(event_type="lead.created"), 0),
        (DeadLetterFilter(reason="handler_failed"), 1),
        (DeadLetterFilter(reason="bad_signature"), 1),
        (DeadLetterFilter(reason="bad_signature", event_type="credit.locked", subscriber=SALES), 1),
        (DeadLetterFilter(reason="unknown_version"), 0),
        (DeadLetterFilter(ids=(2**40,)), 0),
        (DeadLetterFilter(error="ValueError"), 2),
        (DeadLetterFilter(error="ValueError: the mail"), 2),
        (DeadLetterFilter(error="Value%"), 0),
        (DeadLetterFilter(error="LookupError"), 0),
        (DeadLetterFilter(since=datetime(2020, 1, 1, tzinfo=UTC)), 2),
        (DeadLetterFilter(since=datetime(2999, 1, 1, tzinfo=UTC)), 0),
    ],
)
async def test_a_filter_means_what_all_of_its_fields_agree_with(
    database: Connection, dsn: str, only: DeadLetterFilter, found: int
) -> None:
    await dead_letters_of(database, dsn, locked(1), locked(2))
    await database.execute(
        "update sguild_dispatcher.failed_delivery set reason = 'bad_signature' where seq = 1"
    )
    letters = DeadLetters(database)
    assert len(await letters.list(only)) == await letters.count(only) == found
    async with database.transaction():
        assert (await letters.replay(only, actor="ada")).count == found
        await database.execute(
            "update sguild_dispatcher.failed_delivery set state = 'dead', next_attempt_at = null"
        )
        assert await letters.discard(only, actor="ada") == found


async def test_show_returns_the_exact_text(database: Connection, dsn: str) -> None:
    await dead_letters_of(database, dsn, locked(5))
    [listed] = await DeadLetters(dsn).list()
    letter, body = await DeadLetters(dsn).show(listed.id)
    assert letter == listed
    assert json.loads(body)["payload"]["locked_credits"] == 5
    assert body == await database.fetchval("select body from sguild_dispatcher.event_log")


async def test_a_dead_letter_outlives_its_event(database: Connection, dsn: str) -> None:
    handler = await dead_letters_of(database, dsn, locked(5))
    await database.execute("delete from sguild_dispatcher.event_log")
    await DeadLetters(dsn).replay(DeadLetterFilter(), actor="ada")
    handler.mended = True
    subscriber = sales(dsn)
    subscriber.on_credit_locked(handler)
    assert await subscriber.drain() == DrainResult(delivered=1)
    assert await numbers(database) == [5]


async def test_a_replayed_type_without_a_handler_is_passed_over(database: Connection, dsn: str) -> None:
    await dead_letters_of(database, dsn, locked(1))
    await DeadLetters(dsn).replay(DeadLetterFilter(), actor="ada")
    assert await sales(dsn).drain() == DrainResult(passed_over=1)
    assert await failures(database) == []


async def test_wrong_filters_are_refused_by_name(dsn: str) -> None:
    letters = DeadLetters(dsn)
    with pytest.raises(
        DeadLetterFilterError, match=r"'late' is no reason of a dead letter; the reasons are bad_sig"
    ):
        DeadLetterFilter(reason="late")  # type: ignore[arg-type]
    with pytest.raises(DeadLetterFilterError, match="0 is no id of a dead letter"):
        DeadLetterFilter(ids=(0,))
    with pytest.raises(UnknownSubscriptionError, match="sales/other is not a registered subscriber"):
        await letters.list(DeadLetterFilter(subscriber=SubscriberName("sales", "other")))
    with pytest.raises(UnknownDeadLetterError, match=r"There is no dead letter 17"):
        await letters.show(17)
    with pytest.raises(ConfigurationError, match="name an actor"):
        await letters.replay(DeadLetterFilter(), actor="")


async def test_an_unmigrated_database_is_named(empty_dsn: str) -> None:
    with pytest.raises(NotMigratedError, match="run `sguild-dispatcher migrate`"):
        await DeadLetters(empty_dsn).list()


async def test_effects_before_the_failure_are_rolled_back_with_the_attempt(
    database: Connection, dsn: str
) -> None:
    """A recording subscriber of another name is not disturbed."""
    other = sales(dsn, "mail")
    recording(other)
    await other.register()
    await dead_letters_of(database, dsn, locked(3))
    assert await numbers(database) == []
    assert await other.drain() == DrainResult(delivered=1)
    assert await numbers(database) == [3]
