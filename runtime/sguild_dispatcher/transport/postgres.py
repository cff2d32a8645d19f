"""PostgreSQL as log and home: the statements of ``sql/`` on one connection of whatever driver."""

import json
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sguild_dispatcher.migrations import check_migrated
from sguild_dispatcher.roles import ReadingRights
from sguild_dispatcher.statements import statement
from sguild_dispatcher.subscriptions import SubscriberName, subscription_id
from sguild_dispatcher.transport.claims import claim_on
from sguild_dispatcher.transport.drivers import Driver, is_loss, sqlstate
from sguild_dispatcher.transport.interface import (
    CommitFailedError,
    Cursor,
    CursorMovedError,
    FailedAttempt,
    FailedTransactionError,
    HandlerTime,
    Ownership,
    Page,
    Row,
    SavepointGoneError,
    TransactionLostError,
    buckets_of,
)

DAYS_AHEAD: Final = 7
"""Days of the log that are made in advance."""

WIDEST_STEP: Final = 64
"""How many seqs are looked at, at most, for each event that a further page of a window may have."""

LAST_SEQ: Final = 2**63 - 1

UNIQUE_VIOLATION: Final = "23505"
IN_FAILED_TRANSACTION: Final = "25P02"
_SAVEPOINT_GONE: Final = ("3B001", "25P01")

_EVENT_COLUMNS: Final = (
    "seq", "event_id", "event_type", "schema_version", "producer", "tenant_id", "ordering_key", "key_id",
    "signature", "trace_context", "body",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Which part of a subscription a session works for."""

    subscription: int
    log: str
    partition: int
    partitions: int
    ignored: tuple[str, ...]

    @property
    def buckets(self) -> list[int] | None:
        """The buckets of the partition, ``None`` for all."""
        return buckets_of(self.partition, self.partitions)

    def at_home(self, subscription: int) -> "Share":
        """Return the same share in the subscriber's own database, where its subscription has another id."""
        return replace(self, subscription=subscription)


@asynccontextmanager
async def transaction(driver: Driver) -> AsyncGenerator[None, None]:
    """Open a transaction; see :meth:`sguild_dispatcher.transport.interface.LogSession.transaction`."""
    await driver.begin()
    try:
        yield
    except BaseException:
        if not driver.is_closed():
            await driver.rollback()
        raise
    try:
        await driver.commit()
    except Exception as error:
        if is_loss(driver, error):
            raise
        raise CommitFailedError from error


class PostgresSession:
    """Log and home on one connection, or one of the two; see :mod:`sguild_dispatcher.transport.interface`.

    Args:
        driver: the connection.
        share: what it works for.
        registered_at: when the subscription was registered, by which a claim knows its database.
        idle_seconds: how long each transaction may stand still, ``None`` if the connection's session knows.
    """

    def __init__(
        self, driver: Driver, share: Share, *, registered_at: datetime, idle_seconds: float | None
    ) -> None:
        self._driver = driver
        self._share = share
        self._registered_at = registered_at
        self._step = 1
        self._idle_seconds = idle_seconds

    @property
    def connection(self) -> Any:
        """What handlers write on."""
        return self._driver.connection

    def transaction(self) -> AbstractAsyncContextManager[None]:
        """See :meth:`LogSession.transaction`."""
        return transaction(self._driver) if self._idle_seconds is None else self._limited(self._idle_seconds)

    @asynccontextmanager
    async def _limited(self, idle_seconds: float) -> AsyncGenerator[None, None]:
        async with transaction(self._driver):
            await self._driver.fetch(statement("limit_idle"), idle_seconds, "transaction")
            yield

    def is_closed(self) -> bool:
        """See :meth:`LogSession.is_closed`."""
        return self._driver.is_closed()

    def is_lost(self, error: Exception) -> bool:
        """See :meth:`LogSession.is_lost`."""
        return is_loss(self._driver, error)

    def is_in_transaction(self) -> bool:
        """See :meth:`HomeSession.is_in_transaction`."""
        return self._driver.is_in_transaction()

    # the log

    async def load_cursor(self) -> Cursor:
        """See :meth:`LogSession.load_cursor`."""
        rows = await self._driver.fetch(
            statement("cursor/load"), self._share.subscription, self._share.partition
        )
        if not rows or rows[0]["partitions"] != self._share.partitions:
            raise CursorMovedError
        row = rows[0]
        return Cursor(
            version=row["version"],
            generation=row["generation"],
            done=row["done"],
            window=row["window"],
            position=row["position"],
        )

    async def fetch_page(self, cursor: Cursor, *, limit: int, token: str, newest: bool = False) -> Page:
        """See :meth:`LogSession.fetch_page`."""
        rows, everything = await self._fetch_rows(cursor, limit, token, newest=newest)
        head, *events = rows
        if not head["in_place"]:
            raise CursorMovedError
        return Page(
            rows=events,
            snapshot=head["snapshot"],
            complete=everything and len(events) < limit,
            flowing=head["flowing"],
            failures=head["failures"],
            restored=head["restored"],
            last_seq=head["last_seq"],
            session=head["session"],
        )

    async def _fetch_rows(
        self, cursor: Cursor, limit: int, token: str, *, newest: bool
    ) -> tuple[Sequence[Row], bool]:
        """Return the head of a page and its events, and whether all that is left was looked through.

        What is left of a window mostly follows closely; how closely, the page before tells. Only if nothing
        does, the whole log is looked through: in the same transaction, which changes nothing, since a window
        stays what it is.
        """
        share = self._share
        common = (
            share.subscription, cursor.generation, cursor.done, share.buckets, list(share.ignored), limit,
            token, share.partition, cursor.version,
        )  # fmt: skip
        if cursor.window is None:
            return await self._execute(statement("log/first_page"), *common, newest), True
        position = cursor.position or 0
        window = (statement("log/window_page"), *common, cursor.window, position)
        near = await self._execute(*window, position + self._step * limit)
        found = len(near) - 1
        self._step = _next_step(self._step, found / limit)
        return (near, False) if found else (await self._execute(*window, LAST_SEQ), True)

    async def move_cursor(self, cursor: Cursor, *, token: str | None) -> None:
        """See :meth:`LogSession.move_cursor`."""
        share = self._share
        try:
            rows = await self._execute(
                statement("cursor/move"),
                share.subscription, share.partition, cursor.version, cursor.generation, cursor.done,
                cursor.window, cursor.position, token,
            )  # fmt: skip
        except Exception as error:
            if sqlstate(error) == UNIQUE_VIOLATION:
                raise CursorMovedError from None
            raise
        if not rows[0]["fetched_here"]:
            raise TransactionLostError(
                "The transaction of a batch was ended by a handler: it is the worker's."
            )
        if not rows[0]["moved"]:
            raise CursorMovedError

    async def prune_cursor(self, oldest: int) -> None:
        """See :meth:`LogSession.prune_cursor`."""
        await self._driver.execute(
            statement("cursor/prune"), self._share.subscription, self._share.partition, oldest
        )

    # the home

    async def open_savepoint(self) -> None:
        """See :meth:`HomeSession.open_savepoint`."""
        await self._driver.execute(statement("savepoint/open"))

    async def release_savepoint(self) -> None:
        """See :meth:`HomeSession.release_savepoint`."""
        await self._savepoint("savepoint/release")

    async def undo_savepoint(self) -> None:
        """See :meth:`HomeSession.undo_savepoint`."""
        await self._savepoint("savepoint/undo")

    async def due_retry(self, now: datetime, *, hold_back: bool) -> Row | None:
        """See :meth:`HomeSession.due_retry`."""
        share = self._share
        rows = await self._driver.fetch(
            statement("failed_delivery/due"), share.subscription, share.log, share.buckets, now, hold_back
        )
        return rows[0] if rows else None

    async def begin_retry(self, identifier: int, *, attempts: int, next_attempt_at: datetime) -> None:
        """See :meth:`HomeSession.begin_retry`."""
        await self._driver.execute(statement("failed_delivery/begin"), identifier, attempts, next_attempt_at)

    async def add_failures(self, failed: Sequence[FailedAttempt]) -> None:
        """See :meth:`HomeSession.add_failures`."""
        share = self._share
        rows = [(share.subscription, share.log, *_columns(each), _event(each.row)) for each in failed]
        try:
            await self._driver.execute_many(statement("failed_delivery/insert"), rows)
        except Exception as error:
            raise _as_failed_transaction(error) from error

    async def update_failure(self, identifier: int, failed: FailedAttempt) -> None:
        """See :meth:`HomeSession.update_failure`."""
        await self._driver.execute(statement("failed_delivery/update"), identifier, *_columns(failed))

    async def delete_failure(self, identifier: int) -> None:
        """See :meth:`HomeSession.delete_failure`."""
        await self._driver.execute(statement("failed_delivery/delete"), identifier)

    async def failed_keys(self, keys: Collection[str]) -> frozenset[str]:
        """See :meth:`HomeSession.failed_keys`."""
        rows = await self._driver.fetch(
            statement("failed_delivery/keys"), self._share.subscription, self._share.log, list(keys)
        )
        return frozenset(each["ordering_key"] for each in rows)

    async def claim(self, rows: Sequence[Row]) -> frozenset[tuple[str, str]]:
        """See :meth:`HomeSession.claim`."""
        return await self._inbox("inbox/insert", rows)

    def claim_on(self, row: Row, connection: Any) -> Any:
        """See :meth:`HomeSession.claim_on`."""
        share = self._share
        return claim_on(connection, share.subscription, self._registered_at, row["producer"], row["event_id"])

    async def claimed(self, rows: Sequence[Row]) -> frozenset[tuple[str, str]]:
        """See :meth:`HomeSession.claimed`."""
        return await self._inbox("inbox/claimed", rows)

    async def taken(self, rows: Sequence[Row]) -> frozenset[tuple[str, str]]:
        """See :meth:`HomeSession.taken`."""
        return await self._inbox("inbox/taken", rows, self._share.log)

    async def note_discard(self, row: Row, reason: str) -> None:
        """See :meth:`HomeSession.note_discard`."""
        share = self._share
        await self._driver.execute(
            statement("audit/note_discard"),
            share.subscription, share.log, row["seq"], row["event_id"], row["event_type"], reason,
        )  # fmt: skip

    async def _inbox(self, name: str, rows: Sequence[Row], *more: object) -> frozenset[tuple[str, str]]:
        producers = [each["producer"] for each in rows]
        ids = [each["event_id"] for each in rows]
        found = await self._driver.fetch(statement(name), self._share.subscription, producers, ids, *more)
        return frozenset((each["producer"], each["event_id"]) for each in found)

    async def _execute(self, sql: str, *values: object) -> Sequence[Row]:
        """Run a statement.

        Raises:
            FailedTransactionError: an earlier one failed, and its error was swallowed.
        """
        try:
            return await self._driver.fetch(sql, *values)
        except Exception as error:
            raise _as_failed_transaction(error) from error

    async def _savepoint(self, name: str) -> None:
        try:
            await self._driver.execute(statement(name))
        except Exception as error:
            if sqlstate(error) in _SAVEPOINT_GONE:
                raise SavepointGoneError from error
            raise _as_failed_transaction(error) from error


def _as_failed_transaction(error: Exception) -> Exception:
    """Return the error that says that the transaction failed before, if that is what it is."""
    if sqlstate(error) != IN_FAILED_TRANSACTION:
        return error
    return FailedTransactionError(str(error))


def _next_step(step: int, filled: float) -> int:
    """Return how wide to look for the next page of a window, after one that was filled that far."""
    if filled == 1:
        return max(1, step // 2)
    return min(WIDEST_STEP, step * 2) if filled < 0.5 else step  # noqa: PLR2004 - half of it


def _columns(failed: FailedAttempt) -> tuple[object, ...]:
    """Return the columns that both statements about a failed delivery share, in their order."""
    return failed.state, failed.reason, failed.detail, failed.attempts, failed.next_attempt_at


def _event(row: Row) -> str:
    """Return an event's columns as one JSON text."""
    return json.dumps({name: row[name] for name in _EVENT_COLUMNS}, ensure_ascii=False)


class PostgresControl:
    """A process and its subscription; see :class:`sguild_dispatcher.transport.interface.Control`."""

    def __init__(self, driver: Driver, *, process: str, rights: ReadingRights) -> None:
        self._driver = driver
        self._process = process
        self._rights = rights

    async def subscription(self, subscriber: SubscriberName) -> int:
        """See :meth:`Control.subscription`."""
        async with transaction(self._driver):
            await check_migrated(self._driver)
            await self._rights.check(self._driver)
            return await subscription_id(self._driver, subscriber)

    async def note_start(self, subscription: int, ignored: Collection[str]) -> None:
        """See :meth:`Control.note_start`."""
        async with transaction(self._driver):
            await self._driver.execute(
                statement("subscription/note_start"),
                subscription,
                sorted(ignored),
                sorted(self._rights.event_types),
            )
            # Roles wait for this transaction, and then know what is read; those before it are seen here.
            await self._rights.check(self._driver)
            await self._driver.fetch(statement("log/create_days"), DAYS_AHEAD)

    async def beat(self, subscription: int, worker: UUID, *, seconds: float) -> Ownership:
        """See :meth:`Control.beat`."""
        async with transaction(self._driver):
            await self._driver.fetch(statement("ownership/lock"), subscription, seconds)
            rows = await self._driver.fetch(
                statement("ownership/beat"), subscription, worker, self._process, seconds
            )
        row = rows[0]
        return Ownership(partitions=row["partitions"], part=row["part"], owned=tuple(row["owned"]))

    async def note_times(self, subscription: int, times: Mapping[str, HandlerTime]) -> None:
        """See :meth:`Control.note_times`."""
        if not times:
            return
        values = [
            [getattr(each, name) for each in times.values()] for name in ("calls", "seconds", "slowest")
        ]
        async with transaction(self._driver):
            await self._driver.execute(statement("status/note_times"), subscription, list(times), *values)

    async def lags(self, subscription: int, partitions: Sequence[int]) -> Mapping[int, float]:
        """See :meth:`Control.lags`."""
        async with transaction(self._driver):
            rows = await self._driver.fetch(statement("cursor/lag"), subscription, list(partitions))
        return {each["partition"]: each["seconds"] for each in rows}

    async def release(self, subscription: int, worker: UUID, partitions: Sequence[int]) -> None:
        """See :meth:`Control.release`."""
        async with transaction(self._driver):
            await self._driver.execute(statement("ownership/release"), subscription, worker, list(partitions))

    async def leave(self, subscription: int, worker: UUID) -> None:
        """See :meth:`Control.leave`."""
        async with transaction(self._driver):
            await self._driver.execute(statement("ownership/release"), subscription, worker, None)
            await self._driver.execute(statement("ownership/leave"), subscription, worker)
