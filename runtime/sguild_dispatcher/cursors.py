"""Where subscriptions stand in the log, and setting them elsewhere.

A cursor is no number but a snapshot: everything that it sees is done. So going back to a ``seq`` makes what
is done a window that is delivered once more from there. What the snapshot does not see stays to be
delivered, also an event with a smaller ``seq`` whose transaction commits later. Going forward to a ``seq``
makes what is committed now a window, of which the part up to there counts as done.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeVar

from sguild_dispatcher.audit import Author, add_entry
from sguild_dispatcher.errors import ConfigurationError, CursorPlaceError
from sguild_dispatcher.migrations import check_migrated
from sguild_dispatcher.statements import statement
from sguild_dispatcher.status import waiting_for
from sguild_dispatcher.subscriptions import SubscriberName, active_subscription

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sguild_dispatcher.database import Connection, Record

T = TypeVar("T")

_LARGEST_SEQ: Final = 2**63 - 1
_ATTEMPTS: Final = 200
_PAUSE: Final = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class CursorPlace:
    """The place of one partition.

    Attributes:
        partition: its number, from 0.
        version: counts the steps.
        generation: the cluster whose transaction ids the snapshots count; it rises after a restore.
        done: the snapshot in PostgreSQL's own text; whatever it sees is done.
        window: a later snapshot that is being delivered, in the order of seq.
        position: the seq up to which the window is done.
        moved_at: when the place was stored.
        owner: host and process id of the worker that owns the partition.
        owner_alive: whether that worker said lately that it lives.
    """

    partition: int
    version: int
    generation: int
    done: str
    window: str | None
    position: int | None
    moved_at: datetime
    owner: str | None
    owner_alive: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewound:
    """What going back did.

    Attributes:
        failures: failed deliveries that are forgotten, since the log delivers their events again.
        inbox: inbox rows that are forgotten.
    """

    failures: int
    inbox: int


async def cursor_places(connection: "Connection", subscriber: SubscriberName) -> list[CursorPlace]:
    """Return the place of each partition of an active subscription.

    Raises:
        NotMigratedError: the database is not ready.
        UnknownSubscriptionError: there is no active subscription of that name.
    """
    _, rows = await _places(connection, subscriber)
    return [CursorPlace(**{each.name: row[each.name] for each in fields(CursorPlace)}) for row in rows]


async def seq_since(connection: "Connection", subscriber: SubscriberName, moment: datetime) -> int | None:
    """Return the first seq that was published at a moment or later, ``None`` if nothing was.

    Raises:
        NotMigratedError: the database is not ready.
        UnknownSubscriptionError: there is no active subscription of that name.
    """
    await _places(connection, subscriber)
    seq: int | None = await connection.fetchval(statement("cursor/seq_since"), moment)
    return seq


async def count_rewind(connection: "Connection", subscriber: SubscriberName, *, to: int) -> int:
    """Return how many events :func:`rewind` would deliver again; raises as it does."""
    subscription = await _rewindable(connection, subscriber, to)
    count: int = await connection.fetchval(statement("cursor/count_rewind"), subscription, to)
    return count


async def rewind(
    connection: "Connection",
    subscriber: SubscriberName,
    *,
    to: int,
    author: Author,
    forget_inbox: bool = False,
) -> Rewound:
    """Deliver again what was done, from a seq on.

    Handlers run again and their effects happen again, in the order of the log. Failed deliveries from there
    on are forgotten, since the log delivers their events. What the inbox has is not delivered again: the
    events of leased handlers, and those of logs in other databases, unless the inbox forgets them.

    Args:
        connection: to the database of the log, outside of a transaction.
        subscriber: the subscription; its workers may run.
        to: the seq of the first event that is delivered again.
        author: who does it, for the audit.
        forget_inbox: whether the inbox of this database forgets these events.

    Raises:
        UnknownSubscriptionError: there is no active subscription of that name.
        CursorPlaceError: its partitions are being changed, or one stands inside of a window before ``to``.
    """

    async def go() -> Rewound:
        subscription = await _rewindable(connection, subscriber, to)
        entry = await add_entry(
            connection,
            "rewind",
            author,
            subscriber=subscriber,
            details={"to": to, "forget_inbox": forget_inbox},
        )
        _require_moved(await connection.fetch(statement("cursor/rewind"), subscription, to))
        failures = await connection.fetchval(statement("cursor/forget_failures"), subscription, to, entry)
        inbox = 0
        if forget_inbox:
            inbox = await connection.fetchval(statement("cursor/forget_inbox"), subscription, to)
        return Rewound(failures=failures, inbox=inbox)

    return await set_cursors(connection, go)


async def count_skip(connection: "Connection", subscriber: SubscriberName, *, to: int | None) -> int:
    """Return how many events :func:`skip` would leave out; raises as it does."""
    _, places = await _skippable(connection, subscriber, to)
    row = (await connection.fetch(statement("subscription/load"), subscriber.domain, subscriber.name))[0]
    counted = 0
    for place in places:
        waiting = await waiting_for(
            connection, place, partitions=row["partitions"], ignored=row["ignored_types"], before=to
        )
        counted += waiting["events"]
    return counted


async def skip(
    connection: "Connection", subscriber: SubscriberName, *, to: int | None, author: Author
) -> None:
    """Leave out what waits, up to a seq.

    An event whose transaction is still open is not left out: it is delivered when it commits. Retries and
    dead letters stay as they are.

    Args:
        connection: to the database of the log, outside of a transaction.
        subscriber: the subscription; its workers may run.
        to: the seq of the first event that is delivered; ``None`` leaves out all that is committed now.
        author: who does it, for the audit.

    Raises:
        UnknownSubscriptionError: there is no active subscription of that name.
        CursorPlaceError: its partitions are being changed, or one stands inside of a window after ``to``.
    """

    async def go() -> None:
        subscription, _ = await _skippable(connection, subscriber, to)
        details = {"to": "now" if to is None else to}
        _require_moved(await connection.fetch(statement("cursor/skip"), subscription, to))
        await add_entry(connection, "skip", author, subscriber=subscriber, details=details)

    await set_cursors(connection, go)


async def set_cursors(connection: "Connection", change: Callable[[], Awaitable[T]]) -> T:
    """Do ``change`` in a transaction; when a worker moves a cursor at the same time, do it anew.

    Raises:
        CursorPlaceError: the workers were faster every time.
    """
    import asyncpg

    for _ in range(_ATTEMPTS):
        try:
            async with connection.transaction():
                return await change()
        except (asyncpg.UniqueViolationError, _MovedError):
            await asyncio.sleep(_PAUSE)
    raise CursorPlaceError("The cursors are moved faster than they can be set: pause the subscriber first.")


class _MovedError(Exception):
    """A cursor is no longer where it was looked at."""


def _require_moved(rows: "Sequence[Record]") -> None:
    if not rows:
        raise _MovedError


async def _places(connection: "Connection", subscriber: SubscriberName) -> "tuple[int, Sequence[Record]]":
    await check_migrated(connection)
    subscription = await active_subscription(connection, subscriber)
    return subscription, await connection.fetch(statement("cursor/places"), subscription)


async def _settable(connection: "Connection", subscriber: SubscriberName) -> "tuple[int, Sequence[Record]]":
    subscription, places = await _places(connection, subscriber)
    row = (await connection.fetch(statement("subscription/load"), subscriber.domain, subscriber.name))[0]
    if row["partitions_wanted"] is not None:
        raise CursorPlaceError(
            f"The number of partitions of {subscriber} is being changed: wait for it, or give it up with "
            f"`sguild-dispatcher subscribers partitions {subscriber} --cancel`."
        )
    return subscription, places


async def _rewindable(connection: "Connection", subscriber: SubscriberName, to: int) -> int:
    _check_seq(to)
    subscription, places = await _settable(connection, subscriber)
    for place in places:
        if place["window"] is not None and to - 1 > place["position"]:
            raise _inside_window(subscriber, place, f"go back to {place['position'] + 1} or before")
    return subscription


async def _skippable(
    connection: "Connection", subscriber: SubscriberName, to: int | None
) -> "tuple[int, Sequence[Record]]":
    subscription, places = await _settable(connection, subscriber)
    if to is None:
        return subscription, places
    _check_seq(to)
    for place in places:
        if place["generation"] != place["newest_generation"]:
            raise CursorPlaceError(
                f"{subscriber} still has to deliver what was published before the last restore: "
                "let a worker do it, or skip to now."
            )
        if place["window"] is not None and to - 1 < place["position"]:
            raise _inside_window(subscriber, place, f"skip to {place['position'] + 1} or later")
    return subscription, places


def _inside_window(subscriber: SubscriberName, place: "Record", way_out: str) -> CursorPlaceError:
    return CursorPlaceError(
        f"Partition {place['partition']} of {subscriber} is at {place['position']}, inside of a window: "
        f"let its worker finish it, or {way_out}."
    )


def _check_seq(seq: int) -> None:
    if not 1 <= seq <= _LARGEST_SEQ:
        raise ConfigurationError(f"{seq} is no seq of the log: write a number from 1 on.")
