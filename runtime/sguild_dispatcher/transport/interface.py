"""What a delivery needs of the place where events lie.

There are two sides. The *log* has the events of one or more producers and, beside them, how far each
subscription is: cursors are made of the log's own transaction ids. The *home* is the subscriber's own
database, where its handlers write, and where its failed deliveries and its inbox are. Mostly both are one
database, and then one session serves as both.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal, Protocol, TypeAlias
from uuid import UUID

from sguild_dispatcher.errors import TransactionControlError
from sguild_dispatcher.subscriptions import BUCKETS, SubscriberName

Row: TypeAlias = Mapping[str, Any]
"""An event as it is stored, by column."""

FailedState: TypeAlias = Literal["retrying", "dead", "held"]

HOME_LOG: Final = ""
"""The name of the log that lies in the subscriber's own database."""


class CursorMovedError(Exception):
    """Another process was here since the cursor was loaded, or its subscription is retired."""


class TransactionLostError(TransactionControlError):
    """The transaction that fetched the batch is gone, and no handler is known to have ended it."""


class CommitFailedError(Exception):
    """The server refused to commit, and the session still stands; the cause tells why."""


class SpoiledSessionError(Exception):
    """A statement of the worker's own failed after handlers had used its session; the cause tells why."""


class FailedTransactionError(Exception):
    """An earlier statement of the transaction failed, so that this one cannot be executed."""


class SavepointGoneError(Exception):
    """The savepoint is no more: something ended the transaction that it was in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """A place in the log: what ``done`` sees is done, and so is the frozen ``window`` up to ``position``.

    Snapshots are in PostgreSQL's own text. They count transaction ids of one cluster, the ``generation``.
    """

    version: int
    generation: int
    done: str
    window: str | None = None
    position: int | None = None

    def frozen(self, page: "Page") -> "Cursor":
        """Return the place before a page, with the page's snapshot as window: the next row of the table."""
        first: int = page.rows[0]["seq"]
        return replace(self, version=self.version + 1, window=page.snapshot, position=first - 1)

    def after(self, page: "Page", handled: int) -> "Cursor":
        """Return the place after the first ``handled`` rows of a page, as the next row of the table."""
        if page.complete and handled == len(page.rows):
            return self._after_window(page)
        position: int = page.rows[handled - 1]["seq"]
        return replace(self, version=self.version + 1, window=page.snapshot, position=position)

    def past_nothing(self, page: "Page") -> "Cursor":
        """Return the place after a page without rows; it need not be stored, since nothing was done."""
        return replace(self._after_window(page), version=self.version)

    def _after_window(self, page: "Page") -> "Cursor":
        if page.restored:
            # No transaction id is below 3.
            return Cursor(version=self.version + 1, generation=self.generation + 1, done="3:3:")
        return Cursor(version=self.version + 1, generation=self.generation, done=page.snapshot)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What one fetch returned.

    Attributes:
        rows: events in the order of seq.
        snapshot: what the fetch could see, or the window that it read.
        complete: nothing is left of the window; a page that is not may be short all the same.
        flowing: new events may be delivered; not while the subscription is paused or its partitions change.
        failures: the subscription has failed deliveries in this database.
        restored: the window holds all that is left of a former cluster, and there is a later one.
        last_seq: the newest seq that anybody drew, if it was asked for.
        session: the server's session that read it; one that a pooler lends to many has one name for all.
            ``None`` for a window.
    """

    rows: Sequence[Row]
    snapshot: str
    complete: bool
    flowing: bool
    failures: bool
    restored: bool
    last_seq: int | None
    session: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedAttempt:
    """A row for ``failed_delivery``: what failed, why, and when it is tried again, if it is."""

    row: Row
    state: FailedState
    reason: str
    detail: str
    attempts: int
    next_attempt_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership:
    """What a process owns of a subscription; ``part`` is how many partitions are meant for each process."""

    partitions: int
    part: int
    owned: tuple[int, ...]


@dataclass(slots=True)
class HandlerTime:
    """The calls of one handler; times are in seconds."""

    calls: int = 0
    seconds: float = 0.0
    slowest: float = 0.0


class LogSession(Protocol):
    """One partition of one subscription, on one connection to the log's database."""

    def transaction(self) -> AbstractAsyncContextManager[None]:
        """Open a transaction; at its end it commits, after an exception it rolls back.

        Raises:
            CommitFailedError: the server refused to commit.
        """
        ...

    def is_closed(self) -> bool:
        """Tell whether the connection is gone."""
        ...

    def is_lost(self, error: Exception) -> bool:
        """Tell whether an error says that the connection or its server is gone."""
        ...

    async def load_cursor(self) -> Cursor:
        """Return the partition's place.

        Raises:
            CursorMovedError: the subscription has another number of partitions than it had.
        """
        ...

    async def fetch_page(self, cursor: Cursor, *, limit: int, token: str, newest: bool = False) -> Page:
        """Fetch what is new, as the first statement of a transaction.

        Args:
            cursor: the place.
            limit: events at most.
            token: what the transaction will be known by.
            newest: whether the newest seq of the log is wanted.

        Raises:
            CursorMovedError: another process moved the cursor, or the subscription is retired.
        """
        ...

    async def move_cursor(self, cursor: Cursor, *, token: str | None) -> None:
        """Store the next place.

        Raises:
            CursorMovedError: another process moved the cursor, or the subscription is retired.
            TransactionLostError: the transaction is not the one that fetched with ``token``, if one is given.
        """
        ...

    async def prune_cursor(self, oldest: int) -> None:
        """Delete the rows of versions below ``oldest``."""
        ...


class HomeSession(Protocol):
    """Effects, failures and inbox of one partition, on one connection to the subscriber's database."""

    @property
    def connection(self) -> Any:
        """What handlers write on: the connection of the driver or library that the service chose."""
        ...

    def transaction(self) -> AbstractAsyncContextManager[None]:
        """As :meth:`LogSession.transaction`."""
        ...

    def is_closed(self) -> bool:
        """As :meth:`LogSession.is_closed`."""
        ...

    def is_lost(self, error: Exception) -> bool:
        """As :meth:`LogSession.is_lost`."""
        ...

    def is_in_transaction(self) -> bool:
        """Tell whether a transaction is open, without asking the server."""
        ...

    async def open_savepoint(self) -> None:
        """Open the savepoint of a delivery."""
        ...

    async def release_savepoint(self) -> None:
        """Keep what was done since the savepoint.

        Raises:
            FailedTransactionError: nothing can be kept, since a statement failed.
            SavepointGoneError: something ended the transaction.
        """
        ...

    async def undo_savepoint(self) -> None:
        """Undo what was done since the savepoint; raises SavepointGoneError."""
        ...

    async def due_retry(self, now: datetime, *, hold_back: bool) -> Row | None:
        """Return the most overdue retry, locked until the end of the transaction."""
        ...

    async def begin_retry(self, identifier: int, *, attempts: int, next_attempt_at: datetime) -> None:
        """Count an attempt before it begins, and say when the next one is, should this one never end."""
        ...

    async def add_failures(self, failed: Sequence[FailedAttempt]) -> None:
        """Store deliveries that failed for the first time."""
        ...

    async def update_failure(self, identifier: int, failed: FailedAttempt) -> None:
        """Store that a retry failed again."""
        ...

    async def delete_failure(self, identifier: int) -> None:
        """Store that nothing is left to do about a failed delivery."""
        ...

    async def failed_keys(self, keys: Collection[str]) -> frozenset[str]:
        """Return which of these ordering keys have a failed delivery."""
        ...

    async def claim(self, rows: Sequence[Row]) -> frozenset[tuple[str, str]]:
        """Note in the inbox that events are done, and return producer and id of those that were not yet."""
        ...

    def claim_on(self, row: Row, connection: Any) -> Any:
        """Claim an event on a connection of a leased handler; see :meth:`HandlerContext.claim`."""
        ...

    async def claimed(self, rows: Sequence[Row]) -> frozenset[tuple[str, str]]:
        """Return producer and id of the events that were claimed."""
        ...

    async def taken(self, rows: Sequence[Row]) -> frozenset[tuple[str, str]]:
        """Return producer and id of the events that were claimed, or failed and are kept."""
        ...

    async def note_discard(self, row: Row, reason: str) -> None:
        """Write into the audit that a handler wanted no more of an event."""
        ...


class Session(LogSession, HomeSession, Protocol):
    """Both sides on one connection."""


class Control(Protocol):
    """A process that works for a subscription in one database: it lives, and owns partitions."""

    async def subscription(self, subscriber: SubscriberName) -> int:
        """Return the id of the subscription that is to be delivered.

        Raises:
            NotMigratedError, HiddenEventsError, MissingRightsError, UnknownSubscriptionError,
                ClusterChangedError: it cannot be.
        """
        ...

    async def note_start(self, subscription: int, ignored: Collection[str]) -> None:
        """Record that a worker begins to deliver, and which registered event types it does not read."""
        ...

    async def beat(self, subscription: int, worker: UUID, *, seconds: float) -> Ownership:
        """Say that the process lives for ``seconds`` more, take its share, and return what it owns."""
        ...

    async def note_times(self, subscription: int, times: Mapping[str, HandlerTime]) -> None:
        """Store how long the handlers of event types took."""
        ...

    async def lags(self, subscription: int, partitions: Sequence[int]) -> Mapping[int, float]:
        """Return how many seconds the oldest waiting event of each partition has waited, 0 for none."""
        ...

    async def release(self, subscription: int, worker: UUID, partitions: Sequence[int]) -> None:
        """Give partitions away."""
        ...

    async def leave(self, subscription: int, worker: UUID) -> None:
        """Give everything away: the process ends."""
        ...


def buckets_of(partition: int, partitions: int) -> list[int] | None:
    """Return the buckets of a partition, ``None`` where it is the only one."""
    return None if partitions == 1 else [each for each in range(BUCKETS) if each % partitions == partition]
