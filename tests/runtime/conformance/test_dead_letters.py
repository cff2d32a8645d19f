"""Dead letters: their reasons, what is refused before any handler, and what people do about them."""

import asyncio
from datetime import UTC, datetime

import pytest

from conformance_kit import Transport, recorder
from deliveries_kit import KEYRING, locked, publish
from sample_contracts import CreditLockedV1, Event
from sguild_dispatcher.dead_letters import DeadLetterFilter, Erased
from sguild_dispatcher.errors import ConfigurationError
from sguild_dispatcher.signing import Keyring
from sguild_dispatcher.subscriber import DrainResult, HandlerContext


async def test_a_replay_begins_with_the_first_attempt_and_is_counted(transport: Transport) -> None:
    subscriber = transport.subscriber()
    seen: list[tuple[int, int]] = []

    @subscriber.on_credit_locked
    async def fail(_event: Event[CreditLockedV1], context: HandlerContext) -> None:
        seen.append((context.attempt, context.replays))
        raise LookupError("no")

    await subscriber.register()
    [event_id] = await publish(transport.connection, locked(1))
    assert await subscriber.drain() == DrainResult(retried=2, dead=1)
    seen.clear()
    assert await transport.replay(DeadLetterFilter(reason="handler_failed")) == 1
    assert await subscriber.drain() == DrainResult(retried=2, dead=1)
    assert seen == [(1, 1), (2, 1), (3, 1)]
    assert await transport.dead() == [("handler_failed", "LookupError: no", 3, 1)]
    assert await transport.audit() == [("replay", event_id, "ada", "mended")]


async def test_a_replay_keeps_the_order_of_the_log(transport: Transport) -> None:
    subscriber = transport.subscriber()
    broken = True

    @subscriber.on_credit_locked
    async def fail(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        await transport.write(context.connection, event.payload.locked_credits)
        if broken:
            raise LookupError

    await subscriber.register()
    await publish(transport.connection, *(locked(each) for each in range(1, 6)))
    assert await subscriber.drain() == DrainResult(retried=10, dead=5)
    broken = False
    assert await transport.replay(DeadLetterFilter()) == 5
    assert await subscriber.drain() == DrainResult(delivered=5)
    assert await transport.effects() == [1, 2, 3, 4, 5]


async def test_a_replay_has_a_limit_and_a_rate(transport: Transport) -> None:
    subscriber = transport.subscriber()
    broken = True

    @subscriber.on_credit_locked
    async def fail(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        if broken:
            raise LookupError
        await transport.write(context.connection, event.payload.locked_credits)

    await subscriber.register()
    await publish(transport.connection, *(locked(each) for each in range(1, 6)))
    assert await subscriber.drain() == DrainResult(retried=10, dead=5)
    broken = False
    assert [each.seq for each in await transport.letters.list(limit=2)] == [1, 2]
    assert await transport.replay(DeadLetterFilter(), limit=2, rate=1000) == 2
    await asyncio.sleep(0.05)  # the second of a thousand a second is due
    assert await subscriber.drain() == DrainResult(delivered=2)
    assert await transport.replay(DeadLetterFilter(), limit=2, rate=1 / 3600) == 2
    assert await subscriber.drain() == DrainResult(delivered=1)
    assert await transport.effects() == [1, 2, 3]
    assert await transport.letters.discard(DeadLetterFilter(), actor="ada", limit=7) == 1
    with pytest.raises(ConfigurationError, match="0 is no rate of a replay"):
        await transport.replay(DeadLetterFilter(), rate=0)
    with pytest.raises(ConfigurationError, match="name an actor"):
        await transport.letters.discard(DeadLetterFilter(), actor="")


async def test_a_filter_means_what_all_of_its_fields_agree_with(transport: Transport) -> None:
    subscriber = await recorder(transport)
    first, _ = await publish(transport.connection, locked(1), locked(2))
    await transport.alter("tenant_id", "another", first)
    assert await subscriber.drain() == DrainResult(delivered=1, dead=1)
    for nothing in (
        DeadLetterFilter(event_type="credit.released"),
        DeadLetterFilter(reason="handler_failed", event_type="credit.locked"),
        DeadLetterFilter(ids=(10**6,)),
        DeadLetterFilter(error="LookupError"),
        DeadLetterFilter(since=datetime(2999, 1, 1, tzinfo=UTC)),
    ):
        assert await transport.discard(nothing) == 0
    assert await transport.discard(DeadLetterFilter(reason="bad_signature", event_type="credit.locked")) == 1
    assert await transport.dead() == []
    assert await transport.audit() == [("discard", first, "ada", "never mind")]


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("tenant_id", "another", "bad_signature"),
        ("ordering_key", "another", "bad_signature"),
        ("producer", "sales", "bad_signature"),
        ("schema_version", 7, "bad_signature"),
        ("body", "{}", "bad_signature"),
        ("signature", "hmac-sha256:" + "0" * 64, "bad_signature"),
        ("key_id", "no-such-key", "bad_signature"),
        ("event_type", "site.opened", "bad_signature"),
    ],
)
async def test_an_altered_row_never_reaches_a_handler(
    transport: Transport, column: str, value: object, reason: str
) -> None:
    subscriber = await recorder(transport)
    _, second, _ = await publish(transport.connection, locked(1), locked(2), locked(3))
    await transport.alter(column, value, second)
    assert await subscriber.drain() == DrainResult(delivered=2, dead=1)
    assert await transport.effects() == [1, 3]
    assert [each[0] for each in await transport.dead()] == [reason]
    # A refusal was no attempt of a handler.
    assert await transport.waiting() == [("dead", 0, None)]


async def test_a_key_that_comes_later_lets_a_replay_succeed(transport: Transport) -> None:
    stranger = Keyring.generate(["revenue"])
    subscriber = await recorder(transport, keyring=stranger)
    await publish(transport.connection, locked(1))
    assert await subscriber.drain() == DrainResult(dead=1)
    await transport.replay(DeadLetterFilter())
    assert await (await recorder(transport, keyring=KEYRING)).drain() == DrainResult(delivered=1)
    assert await transport.effects() == [1]


async def test_what_failed_alike_is_counted_together(transport: Transport) -> None:
    subscriber = transport.subscriber()

    @subscriber.on_credit_locked
    async def fail(event: Event[CreditLockedV1], _context: HandlerContext) -> None:
        number = event.payload.locked_credits
        raise (LookupError if number % 2 else ValueError)(f"of number {number}")

    await subscriber.register()
    await publish(transport.connection, *(locked(each) for each in range(1, 6)))
    await subscriber.drain()
    found = await transport.letters.groups()
    assert [(each.error, each.count) for each in found] == [("LookupError", 3), ("ValueError", 2)]
    assert all(each.first_failed_at <= each.last_failed_at for each in found)
    [only] = await transport.letters.groups(DeadLetterFilter(error="ValueError"))
    assert (only.event_type, only.reason, only.count) == ("credit.locked", "handler_failed", 2)


async def test_an_erased_event_is_gone_for_everybody(transport: Transport) -> None:
    async def fail(_event: Event[CreditLockedV1], _context: HandlerContext) -> None:
        raise LookupError

    both = [transport.subscriber(), transport.subscriber("mail")]
    for each in both:
        each.on_credit_locked(fail)
        await each.register()
    first, _ = await publish(transport.connection, locked(1), locked(2))
    for each in both:
        assert await each.drain() == DrainResult(retried=4, dead=2)
    [letter, *_] = await transport.letters.list()
    erased = await transport.letters.erase(DeadLetterFilter(ids=(letter.id,)), actor="ada", reason="asked")
    assert erased == Erased(events=1, failures=2, elsewhere=())
    assert await transport.audit() == [("erase", first, "ada", "asked")] * 2
    assert len(await transport.letters.list()) == 2
    late = await recorder(transport, "late")
    assert await late.drain() == DrainResult(delivered=1)
    assert await transport.effects() == [2]
