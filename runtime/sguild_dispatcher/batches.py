"""A batch: one transaction that fetches, calls handlers, notes failures, and moves the cursor.

Batches are optimistic. When a handler fails, the batch is rolled back and done again with a savepoint
around each handler, and savepoints stay on for some batches. When even then the commit fails (a deferred
constraint), events are done one a transaction, so that the one to blame is known.
"""

import logging
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import asyncpg

from sguild_dispatcher.clock import Clock
from sguild_dispatcher.cursors import Cursor, CursorMovedError, Page, fetch_page, load_cursor, move_cursor
from sguild_dispatcher.deliveries import Blame, Deliverer, Failure, HandlerRaisedError, Success
from sguild_dispatcher.errors import TransactionControlError
from sguild_dispatcher.retries import RetryPolicy, shown_detail
from sguild_dispatcher.statements import statement

if TYPE_CHECKING:
    from datetime import datetime

    from sguild_dispatcher.database import Connection

_log: Final = logging.getLogger(__name__)

CAREFUL_BATCHES: Final = 20
"""Batches that keep savepoints after one that failed."""

BATCH_SECONDS: Final = 2.0
"""A batch ends after the event in which this time passes: slow handlers must not hold a snapshot for long."""

IDLE_MOVE_SECONDS: Final = 60.0
"""How often at most the cursor is stored while only event types pass that the domain does not read."""

CURSOR_ROWS_KEPT: Final = 10
PRUNE_EVERY: Final = 100


class CommitFailedError(Exception):
    """The server refused to commit; the cause tells why."""


class Care(IntEnum):
    """How much of a batch is rolled back when one event fails."""

    WHOLE_BATCH = 0
    SAVEPOINTS = 1
    ONE_EVENT = 2


class TransactionLostError(TransactionControlError):
    """The transaction that fetched the batch is gone, and no handler is known to have ended it."""


@dataclass(slots=True)
class Tally:
    """What a worker did; see :class:`sguild_dispatcher.subscriber.DrainResult`."""

    delivered: int = 0
    retried: int = 0
    dead: int = 0
    passed_over: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """What a batch leaves to do: whether more events may wait, and whether a retry is due."""

    more: bool
    retries_due: bool


@dataclass(frozen=True, slots=True)
class Failed:
    """A failed attempt, with what happens next: a moment to try again, or ``None`` for a dead letter."""

    row: asyncpg.Record
    failure: Failure
    attempts: int
    next_attempt_at: "datetime | None"

    @property
    def state(self) -> str:
        """The state of the row in ``failed_delivery``."""
        return "dead" if self.next_attempt_at is None else "retrying"


@dataclass(slots=True)
class Progress:
    """How far a transaction came; it counts for nothing before the commit."""

    handled: list[asyncpg.Record] = field(default_factory=list[asyncpg.Record])
    delivered: int = 0
    passed_over: int = 0
    failed: list[Failed] = field(default_factory=list[Failed])


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRules:
    """What a batch is done by."""

    subscriber: str
    ignored: list[str]
    size: int
    policy: RetryPolicy
    clock: Clock


class Batches:
    """Batches and retries of one subscription on one connection, which owns the subscription."""

    def __init__(
        self,
        connection: "Connection",
        subscription: int,
        deliverer: Deliverer,
        *,
        rules: BatchRules,
        blame: Blame,
        tally: Tally,
        stopping: Callable[[], bool],
    ) -> None:
        self._connection = connection
        self._subscription = subscription
        self._deliverer = deliverer
        self._rules = rules
        self._blame = blame
        self._tally = tally
        self._stopping = stopping
        self._cursor: Cursor | None = None
        self._care = Care.WHOLE_BATCH
        self._careful_batches = 0
        self._seq_at_hand: int | None = None
        self._stored_seq: int | None = None
        self._stored_at = time.monotonic()

    def forget_cursor(self) -> None:
        """Load the cursor anew before the next batch."""
        self._cursor = None

    async def next_batch(self) -> Step:
        """Deliver what one fetch returns.

        Raises:
            CursorMovedError: another process moved the cursor, or the subscription is retired.
            TransactionControlError: something ended the transaction, and no handler is known to have done it.
        """
        cursor = self._cursor or await load_cursor(self._connection, self._subscription)
        try:
            step = await self._batch(cursor)
        except (HandlerRaisedError, TransactionLostError, asyncpg.InFailedSQLTransactionError):
            if self._care is not Care.WHOLE_BATCH:
                raise
            self._take_care(Care.SAVEPOINTS)
        except TransactionControlError as error:
            _log.error("%s", error)
            self._take_care(Care.SAVEPOINTS)
        except CommitFailedError as error:
            self._after_commit_failure(error)
        else:
            self._relax()
            return step
        return Step(more=True, retries_due=False)

    async def next_retry(self) -> bool:
        """Try the most overdue retry again in a transaction of its own, and tell whether there was one."""
        progress = Progress()
        try:
            async with self._transaction():
                now = self._rules.clock()
                row = await self._connection.fetchrow(statement("fetch_due_retry"), self._subscription, now)
                if row is None:
                    return False
                await self._settle(
                    row, progress, attempt=row["attempts"] + 1, replays=row["replays"], guarded=True
                )
                await self._store_retry(row["id"], progress)
        except TransactionControlError as error:
            _log.error("%s", error)
        except CommitFailedError as error:
            self._blame_event_at_hand(error)
        else:
            self._committed(progress)
        return True

    async def _batch(self, cursor: Cursor) -> Step:
        token = uuid4().hex
        progress = Progress()
        moved = cursor
        async with self._transaction():
            page = await self._fetch(cursor, token)
            if page.rows:
                await self._settle_page(page, progress)
                await self._note_failures(progress)
            if progress.handled or self._is_idle_move_due(page):
                moved = cursor.after(page, len(progress.handled))
                await self._move(moved, token)
            elif not page.rows:
                moved = cursor.past_nothing(page)
        self._committed(progress)
        await self._advance(cursor, moved, page)
        return Step(more=bool(page.rows) or cursor.window is not None, retries_due=page.retries_due)

    @asynccontextmanager
    async def _transaction(self) -> AsyncGenerator[None, None]:
        """Open a transaction.

        Raises:
            CommitFailedError: the server refused to commit, and the connection still stands.
        """
        transaction = self._connection.transaction(isolation="read_committed")
        await transaction.start()
        try:
            yield
        except BaseException:
            if not self._connection.is_closed():
                await transaction.rollback()
            raise
        try:
            await transaction.commit()
        except Exception as error:
            if self._connection.is_closed():
                raise
            raise CommitFailedError from error

    async def _fetch(self, cursor: Cursor, token: str) -> Page:
        page = await fetch_page(
            self._connection,
            self._subscription,
            cursor,
            ignored=self._rules.ignored,
            limit=1 if self._care is Care.ONE_EVENT else self._rules.size,
            token=token,
            now=self._rules.clock(),
        )
        if not page.active:
            raise CursorMovedError
        return page

    async def _settle_page(self, page: Page, progress: Progress) -> None:
        """Deliver a page's events until it ends, the worker stops, or the batch has taken long enough."""
        guarded = self._care is not Care.WHOLE_BATCH
        deadline = time.monotonic() + BATCH_SECONDS
        for row in page.rows:
            if self._stopping() or (progress.handled and time.monotonic() > deadline):
                break
            await self._settle(row, progress, attempt=1, replays=0, guarded=guarded)

    async def _settle(
        self, row: asyncpg.Record, progress: Progress, *, attempt: int, replays: int, guarded: bool
    ) -> None:
        self._seq_at_hand = row["seq"]
        outcome = await self._deliverer.deliver(row, attempt=attempt, replays=replays, guarded=guarded)
        progress.handled.append(row)
        if outcome is Success.DELIVERED:
            progress.delivered += 1
        elif outcome is Success.PASSED_OVER:
            progress.passed_over += 1
        else:
            progress.failed.append(self._after_failure(row, outcome, attempt))

    def _after_failure(self, row: asyncpg.Record, failure: Failure, attempt: int) -> Failed:
        if failure.reason != "handler_failed":
            return Failed(row, failure, attempt - 1, None)
        delay = self._rules.policy.delay(attempt) if failure.again else None
        return Failed(row, failure, attempt, None if delay is None else self._rules.clock() + delay)

    async def _note_failures(self, progress: Progress) -> None:
        if progress.failed:
            rows = [(self._subscription, each.row["seq"], *_columns(each)) for each in progress.failed]
            await self._connection.executemany(statement("insert_failed_delivery"), rows)

    async def _store_retry(self, identifier: int, progress: Progress) -> None:
        if progress.failed:
            columns = _columns(progress.failed[0])
            await self._connection.execute(statement("update_failed_delivery"), identifier, *columns)
        else:
            await self._connection.execute(statement("delete_failed_delivery"), identifier)

    async def _move(self, cursor: Cursor, token: str) -> None:
        if not await move_cursor(self._connection, self._subscription, cursor, token=token):
            raise TransactionLostError(
                f"The transaction of {self._rules.subscriber} was ended by a handler: it is the worker's."
            )

    async def _advance(self, cursor: Cursor, moved: Cursor, page: Page) -> None:
        self._cursor = moved
        if moved.version == cursor.version:
            return
        self._stored_at = time.monotonic()
        self._stored_seq = page.last_seq or self._stored_seq
        if moved.version % PRUNE_EVERY == 0:
            oldest = moved.version - CURSOR_ROWS_KEPT
            await self._connection.execute(statement("prune_cursor"), self._subscription, oldest)

    def _is_idle_move_due(self, page: Page) -> bool:
        """Tell whether to store a cursor that only ignored event types have moved, for retention's sake."""
        return (
            not page.rows
            and page.last_seq is not None
            and page.last_seq != self._stored_seq
            and time.monotonic() - self._stored_at > IDLE_MOVE_SECONDS
        )

    def _committed(self, progress: Progress) -> None:
        for row in progress.handled:
            self._blame.settled(row["seq"])
        self._tally.delivered += progress.delivered
        self._tally.passed_over += progress.passed_over
        for each in progress.failed:
            if each.state == "dead":
                self._tally.dead += 1
            else:
                self._tally.retried += 1
            _log_failure(self._rules, each)

    def _after_commit_failure(self, error: CommitFailedError) -> None:
        if self._care is Care.ONE_EVENT:
            self._blame_event_at_hand(error)
        self._take_care(Care.SAVEPOINTS if self._care is Care.WHOLE_BATCH else Care.ONE_EVENT)

    def _blame_event_at_hand(self, error: CommitFailedError) -> None:
        if self._seq_at_hand is not None:
            self._blame.put(self._seq_at_hand, error.__cause__ or error, again=True)

    def _take_care(self, care: Care) -> None:
        self._care = max(self._care, care)
        self._careful_batches = CAREFUL_BATCHES

    def _relax(self) -> None:
        self._careful_batches -= 1
        if self._careful_batches <= 0:
            self._care = Care.WHOLE_BATCH


def _columns(failed: Failed) -> tuple[object, ...]:
    """Return the columns that both statements about a failed delivery share, in their order."""
    failure = failed.failure
    return failed.state, failure.reason, failure.detail, failed.attempts, failed.next_attempt_at


def _log_failure(rules: BatchRules, failed: Failed) -> None:
    what = (
        "dead letter" if failed.state == "dead" else f"next attempt at {failed.next_attempt_at:%H:%M:%S} UTC"
    )
    _log.warning(
        "%s: %s %s failed, %s: %s (%s)",
        rules.subscriber,
        failed.row["event_type"],
        failed.row["event_id"],
        failed.failure.reason,
        shown_detail(failed.failure.reason, failed.failure.detail),
        what,
        extra={
            "subscriber": rules.subscriber,
            "event_id": failed.row["event_id"],
            "event_type": failed.row["event_type"],
            "reason": failed.failure.reason,
            "attempts": failed.attempts,
            "state": failed.state,
        },
    )
