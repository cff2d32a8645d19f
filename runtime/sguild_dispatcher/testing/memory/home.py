"""The subscriber's own database in memory: savepoints, failed deliveries and the inbox."""

import time
from collections.abc import Awaitable, Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sguild_dispatcher.errors import NotInTransactionError, UnsupportedConnectionError
from sguild_dispatcher.testing.memory.connections import (
    BaseConnection,
    MemoryConnection,
    SyncMemoryConnection,
)
from sguild_dispatcher.testing.memory.parts import LOCK_SECONDS, MemoryPart, locked
from sguild_dispatcher.testing.memory.store import Transaction
from sguild_dispatcher.testing.memory.tables import AuditEntry, FailedDelivery, InboxKey
from sguild_dispatcher.transport.interface import FailedAttempt, Row, SavepointGoneError


class MemoryHome(MemoryPart):
    """See :class:`sguild_dispatcher.transport.interface.HomeSession`."""

    @property
    def connection(self) -> MemoryConnection:
        """See :attr:`HomeSession.connection`."""
        return self._connection

    def is_in_transaction(self) -> bool:
        """See :meth:`HomeSession.is_in_transaction`."""
        return self._connection.is_in_transaction()

    async def open_savepoint(self) -> None:
        """See :meth:`HomeSession.open_savepoint`."""
        self._open.open_savepoint()

    async def release_savepoint(self) -> None:
        """See :meth:`HomeSession.release_savepoint`."""
        self._savepoint().release_savepoint()

    async def undo_savepoint(self) -> None:
        """See :meth:`HomeSession.undo_savepoint`."""
        self._savepoint().undo_savepoint()

    async def due_retry(self, now: datetime, *, hold_back: bool) -> Row | None:
        """See :meth:`HomeSession.due_retry`."""
        subscription = self._subscription
        if subscription is None or subscription.paused:
            return None
        mine = sorted(self._failed, key=_urgency)
        for each in mine:
            if not _is_due(each, now) or not self._share.has(each.attempt.row):
                continue
            waits = hold_back or each.attempt.state == "held"
            if waits and any(_goes_before(other, each) for other in mine):
                continue
            if self._open.lock(("failed", each.id)):
                return each.row
        return None

    async def begin_retry(self, identifier: int, *, attempts: int, next_attempt_at: datetime) -> None:
        """See :meth:`HomeSession.begin_retry`."""
        failed = self._open.get(self._tables.failed, identifier)
        if failed is not None:
            attempt = replace(
                failed.attempt, state="retrying", attempts=attempts, next_attempt_at=next_attempt_at
            )
            self._open.put(self._tables.failed, identifier, replace(failed, attempt=attempt))

    async def add_failures(self, failed: Sequence[FailedAttempt]) -> None:
        """See :meth:`HomeSession.add_failures`."""
        known = {each.seq: each for each in self._failed}
        now = self._connection.clock()
        for each in failed:
            former = known.get(each.row["seq"])
            row = (
                replace(former, attempt=each, last_failed_at=now)
                if former is not None
                else FailedDelivery(
                    id=next(self._tables.failed.numbers),
                    subscription=self._share.subscription,
                    attempt=each,
                    replays=0,
                    first_failed_at=now,
                    last_failed_at=now,
                )
            )
            self._open.put(self._tables.failed, row.id, row)

    async def update_failure(self, identifier: int, failed: FailedAttempt) -> None:
        """See :meth:`HomeSession.update_failure`."""
        former = self._open.get(self._tables.failed, identifier)
        if former is not None:
            row = replace(former, attempt=failed, last_failed_at=self._connection.clock())
            self._open.put(self._tables.failed, identifier, row)

    async def delete_failure(self, identifier: int) -> None:
        """See :meth:`HomeSession.delete_failure`."""
        self._open.remove(self._tables.failed, identifier)

    async def failed_keys(self, keys: Collection[str]) -> frozenset[str]:
        """See :meth:`HomeSession.failed_keys`."""
        failed = {each.attempt.row["ordering_key"] for each in self._failed}
        return frozenset(failed.intersection(keys))

    async def claim(self, rows: Sequence[Row]) -> frozenset[tuple[str, str]]:
        """See :meth:`HomeSession.claim`."""
        claimed = [row for row in rows if await _claim(self._connection, self._inbox_key(row))]
        return frozenset((each["producer"], each["event_id"]) for each in claimed)

    def claim_on(self, row: Row, connection: Any) -> "Awaitable[bool] | bool":
        """See :meth:`HomeSession.claim_on`."""
        if not isinstance(connection, BaseConnection) or connection.store is not self._connection.store:
            raise UnsupportedConnectionError(
                f"{type(connection).__module__}.{type(connection).__qualname__} does not lead to the "
                "subscriber's memory database: claim on a connection of the same one."
            )
        if not connection.is_in_transaction():
            raise NotInTransactionError(
                "The connection has no open transaction that the claim could join: claim inside "
                "`async with connection.transaction():`."
            )
        key = self._inbox_key(row)
        claim = _claim_sync if isinstance(connection, SyncMemoryConnection) else _claim
        return claim(connection, key)

    async def claimed(self, rows: Sequence[Row]) -> frozenset[tuple[str, str]]:
        """See :meth:`HomeSession.claimed`."""
        found = [row for row in rows if self._open.get(self._tables.inbox, self._inbox_key(row)) is not None]
        return frozenset((each["producer"], each["event_id"]) for each in found)

    async def taken(self, rows: Sequence[Row]) -> frozenset[tuple[str, str]]:
        """See :meth:`HomeSession.taken`."""
        events = {(each["producer"], each["event_id"]) for each in rows}
        mine = [each.attempt.row for each in self._failed]
        kept = {(each["producer"], each["event_id"]) for each in mine}
        return await self.claimed(rows) | frozenset(events & kept)

    async def note_discard(self, row: Row, reason: str) -> None:
        """See :meth:`HomeSession.note_discard`."""
        subscription = self._subscription
        if subscription is None:
            return
        entry = AuditEntry(
            action="discard",
            subscriber=subscription.subscriber,
            event_id=row["event_id"],
            event_type=row["event_type"],
            actor="handler",
            reason=reason,
        )
        self._open.put(self._tables.audit, next(self._tables.audit.numbers), entry)

    def _savepoint(self) -> Transaction:
        transaction = self._connection.open
        if transaction is None or not transaction.depth:
            raise SavepointGoneError
        return transaction

    def _inbox_key(self, row: Row) -> InboxKey:
        return self._share.subscription, row["producer"], row["event_id"]


async def _claim(connection: BaseConnection, key: InboxKey) -> bool:
    """Note that an event is done, and tell whether nobody else did; one who is about to is waited for."""
    with connection.joined() as transaction:
        await locked(transaction, ("inbox", key))
        return _note(connection, transaction, key)


def _claim_sync(connection: BaseConnection, key: InboxKey) -> bool:
    """As :func:`_claim`, in a thread of the handler's own."""
    with connection.joined() as transaction:
        while not transaction.lock(("inbox", key)):
            time.sleep(LOCK_SECONDS)
        return _note(connection, transaction, key)


def _note(connection: BaseConnection, transaction: Transaction, key: InboxKey) -> bool:
    if transaction.get(connection.tables.inbox, key) is not None:
        return False
    transaction.put(connection.tables.inbox, key, connection.clock())
    return True


def _urgency(failed: FailedDelivery) -> tuple[float, int]:
    """What is held has no time and comes first; then what has waited longest, in the order of the log."""
    moment = failed.attempt.next_attempt_at
    return float("-inf") if moment is None else moment.timestamp(), failed.seq


def _is_due(failed: FailedDelivery, now: datetime) -> bool:
    moment = failed.attempt.next_attempt_at
    return failed.attempt.state == "held" or (moment is not None and moment <= now)


def _goes_before(other: FailedDelivery, failed: FailedDelivery) -> bool:
    same_key = other.attempt.row["ordering_key"] == failed.attempt.row["ordering_key"]
    return same_key and other.seq < failed.seq
