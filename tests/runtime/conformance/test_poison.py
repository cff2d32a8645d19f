"""Handlers that end in ways that no handler should: their event fails, and its neighbours go on."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Literal, TypeAlias, cast

import pytest

from conformance_kit import Transport
from deliveries_kit import SalesSubscriber, locked, publish
from sample_contracts import CreditLockedV1, Event
from sguild_dispatcher.subscriber import Discard, DrainResult, HandlerContext, Retry

Kind: TypeAlias = Literal["transactional", "leased", "thread"]

KINDS = pytest.mark.parametrize("kind", ["transactional", "leased", "thread"])


class Mute(Exception):  # noqa: N818 - it says nothing
    """Cannot say what happened."""

    def __str__(self) -> str:
        raise RuntimeError("mute")


class Wordless(Exception):  # noqa: N818 - it says nothing
    """Says what is no text."""

    def __str__(self) -> str:
        return cast("str", None)


class OddRetry(Retry):
    """Leaves its base unmade."""

    def __init__(self) -> None:
        Exception.__init__(self, "odd")


class Trap(BaseException):
    """Is no Exception."""


def poisoned(subscriber: SalesSubscriber, kind: Kind, poison: Callable[[], object]) -> list[int]:
    """Let the handler of number 2 end with ``poison``, and return the numbers of the others."""
    handled: list[int] = []

    def call(event: Event[CreditLockedV1]) -> None:
        if event.payload.locked_credits == 2:
            poison()
        handled.append(event.payload.locked_credits)

    def plain(event: Event[CreditLockedV1], _context: HandlerContext) -> None:
        call(event)

    async def coroutine(event: Event[CreditLockedV1], _context: HandlerContext) -> None:
        call(event)

    place: Any = subscriber if kind == "transactional" else subscriber.leased()
    place.on_credit_locked(plain if kind == "thread" else coroutine)
    return handled


def raising(error: BaseException) -> Callable[[], object]:
    def call() -> None:
        raise error

    return call


def discarding(reason: str) -> Callable[[], object]:
    return raising(Discard(reason))


@KINDS
@pytest.mark.parametrize(
    ("poison", "detail"),
    [
        (raising(asyncio.CancelledError()), "CancelledError"),
        (raising(SystemExit("bad row")), "SystemExit: bad row"),
        (raising(Trap("caught")), "Trap: caught"),
        (raising(BaseExceptionGroup("many", [Trap()])), "BaseExceptionGroup: many (1 sub-exception)"),
        (raising(Mute()), "Mute"),
        (raising(Wordless()), "Wordless"),
        (raising(OddRetry()), "OddRetry: odd"),
        (lambda: Retry(after=1e12), "ValueError: Retry(after=1000000000000.0): it is a number of seconds"),
        (lambda: Retry(after="5"), "ValueError: Retry(after='5'): it is a number of seconds"),  # type: ignore[arg-type]
    ],
)
async def test_whatever_a_handler_ends_with_fails_its_own_event_only(
    transport: Transport, kind: Kind, poison: Callable[[], object], detail: str
) -> None:
    subscriber = transport.subscriber()
    handled = poisoned(subscriber, kind, poison)
    await subscriber.register()
    await publish(transport.connection, locked(1), locked(2), locked(3))
    assert await subscriber.drain() == DrainResult(delivered=2, retried=2, dead=1)
    assert sorted(set(handled)) == [1, 3]
    [(reason, said, attempts, _)] = await transport.dead()
    assert (reason, attempts) == ("handler_failed", 3)
    assert said.startswith(detail)


async def test_a_handler_that_awaits_what_is_cancelled_has_failed(transport: Transport) -> None:
    subscriber = transport.subscriber()

    @subscriber.on_credit_locked
    async def wait(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        if event.payload.locked_credits == 2:
            task = asyncio.create_task(asyncio.sleep(60))
            task.cancel()
            await task
        await transport.write(context.connection, event.payload.locked_credits)

    await subscriber.register()
    await publish(transport.connection, locked(1), locked(2), locked(3))
    assert await subscriber.drain() == DrainResult(delivered=2, retried=2, dead=1)
    assert await transport.effects() == [1, 3]


@pytest.mark.parametrize("kind", ["transactional", "leased"])
async def test_a_cancellation_that_was_asked_for_wins(transport: Transport, kind: Kind) -> None:
    subscriber = transport.subscriber()
    begun = asyncio.Event()
    place = subscriber if kind == "transactional" else subscriber.leased()

    @place.on_credit_locked
    async def hang(_event: Event[CreditLockedV1], _context: HandlerContext) -> None:
        begun.set()
        await asyncio.sleep(60)

    await subscriber.register()
    await publish(transport.connection, locked(1))
    draining = asyncio.create_task(subscriber.drain())
    await begun.wait()
    draining.cancel()
    with pytest.raises(asyncio.CancelledError):
        await draining
    assert await transport.waiting() == []


@KINDS
async def test_why_an_event_was_discarded_can_be_stored(transport: Transport, kind: Kind) -> None:
    subscriber = transport.subscriber()
    poisoned(subscriber, kind, discarding("a\0b\ud800"))
    await subscriber.register()
    _, second, _ = await publish(transport.connection, locked(1), locked(2), locked(3))
    assert await subscriber.drain() == DrainResult(delivered=2, discarded=1)
    assert await transport.audit() == [("discard", second, "handler", "a\N{REPLACEMENT CHARACTER}b?")]


@pytest.mark.parametrize(
    "after", [-1, float("nan"), float("inf"), "5", 1e12, timedelta(3651), -timedelta(1), []]
)
def test_a_wait_that_cannot_be_is_refused(after: Any) -> None:
    with pytest.raises(ValueError, match=r"it is a number of seconds or a timedelta, from 0 to 3650 days; "):
        Retry(after=after)


@pytest.mark.parametrize("after", [0, 0.5, timedelta(days=3650)])
def test_a_wait_that_can_be_is_taken(after: float | timedelta) -> None:
    wait = after if isinstance(after, timedelta) else timedelta(seconds=after)
    assert Retry(after=after).after == wait
