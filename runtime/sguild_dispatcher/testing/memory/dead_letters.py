"""The dead letters of a memory database."""

import builtins
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import Literal, cast

from sguild_dispatcher.audit import Author
from sguild_dispatcher.dead_letters import (
    DeadLetterFilter,
    DeadLetterGroup,
    DeadLetterRecord,
    Erased,
    Replayed,
    seconds_between,
)
from sguild_dispatcher.errors import UnknownDeadLetterError
from sguild_dispatcher.reading import Reason
from sguild_dispatcher.subscriptions import SubscriberName
from sguild_dispatcher.testing.memory.connections import BaseConnection
from sguild_dispatcher.testing.memory.store import Transaction
from sguild_dispatcher.testing.memory.tables import AuditEntry, FailedDelivery, Subscription
from sguild_dispatcher.transport.interface import HOME_LOG

_COPIED = ("event_id", "event_type", "schema_version", "producer", "tenant_id", "ordering_key", "key_id")


class MemoryDeadLetters:
    """As :class:`sguild_dispatcher.dead_letters.DeadLetters`, for a memory database.

    It has no status of replays: a test sees what became of them.

    Args:
        connection: what they are read and changed through; in an open transaction, as part of it.
    """

    def __init__(self, connection: BaseConnection) -> None:
        self._connection = connection
        self._tables = connection.tables

    async def list(
        self, only: DeadLetterFilter | None = None, *, limit: int | None = None
    ) -> "builtins.list[DeadLetterRecord]":
        """Return the dead letters, those of one subscriber together and in the order of the log."""
        with self._connection.joined() as transaction:
            return [self._dead_letter(transaction, each) for each in self._meant(transaction, only, limit)]

    async def count(self, only: DeadLetterFilter | None = None) -> int:
        """Return how many dead letters a filter means."""
        return len(await self.list(only))

    async def groups(self, only: DeadLetterFilter | None = None) -> "builtins.list[DeadLetterGroup]":
        """Return which dead letters failed alike, the largest group first."""
        alike: dict[tuple[SubscriberName, str, Reason, str], list[DeadLetterRecord]] = {}
        for each in await self.list(only):
            key = (each.subscriber, each.event_type, each.reason, each.shown_detail)
            alike.setdefault(key, []).append(each)
        groups = [
            DeadLetterGroup(
                subscriber=subscriber,
                event_type=event_type,
                reason=reason,
                error=error,
                count=len(letters),
                first_failed_at=min(each.first_failed_at for each in letters),
                last_failed_at=max(each.last_failed_at for each in letters),
            )
            for (subscriber, event_type, reason, error), letters in sorted(alike.items())
        ]
        return sorted(groups, key=lambda each: -each.count)

    async def show(self, identifier: int) -> tuple[DeadLetterRecord, str]:
        """Return one dead letter, and the exact text of the event.

        Raises:
            UnknownDeadLetterError: there is none with that id.
        """
        with self._connection.joined() as transaction:
            for each in self._meant(transaction, DeadLetterFilter(ids=(identifier,))):
                return self._dead_letter(transaction, each), each.attempt.row["body"]
        raise UnknownDeadLetterError(f"There is no dead letter {identifier}.")

    async def replay(
        self,
        only: DeadLetterFilter,
        *,
        actor: str,
        reason: str = "",
        limit: int | None = None,
        rate: float | None = None,
    ) -> Replayed:
        """Let dead letters be delivered again, from the first attempt on, and return how many."""
        identifier = next(self._tables.audit.numbers)
        pause, due = timedelta(seconds=seconds_between(rate)), self._connection.clock()

        def again(transaction: Transaction, failed: FailedDelivery, turn: int) -> None:
            moment = due + turn * pause
            attempt = replace(failed.attempt, state="retrying", attempts=0, next_attempt_at=moment)
            row = replace(failed, attempt=attempt, replays=failed.replays + 1, replay_id=identifier)
            transaction.put(self._tables.failed, failed.id, row)

        count = self._act("replay", again, only, limit, Author(actor=actor, reason=reason))
        return Replayed(id=identifier if count else None, count=count)

    async def discard(
        self, only: DeadLetterFilter, *, actor: str, reason: str = "", limit: int | None = None
    ) -> int:
        """Delete dead letters for good, and return how many."""

        def gone(transaction: Transaction, failed: FailedDelivery, _turn: int) -> None:
            transaction.remove(self._tables.failed, failed.id)

        return self._act("discard", gone, only, limit, Author(actor=actor, reason=reason))

    async def erase(
        self, only: DeadLetterFilter, *, actor: str, reason: str = "", limit: int | None = None
    ) -> Erased:
        """Delete dead letters with their events, and what failed of these for any other subscription."""
        author = Author(actor=actor, reason=reason)
        with self._connection.joined() as transaction:
            seqs = {each.seq for each in self._meant(transaction, only, limit)}
            failures = [each for each in transaction.rows(self._tables.failed).values() if each.seq in seqs]
            for seq in seqs:
                transaction.remove(self._tables.log, seq)
            for each in failures:
                transaction.remove(self._tables.failed, each.id)
                self._note(transaction, "erase", each, author)
        return Erased(events=len(seqs), failures=len(failures), elsewhere=())

    def _act(
        self,
        action: Literal["discard", "replay"],
        change: Callable[[Transaction, FailedDelivery, int], None],
        only: DeadLetterFilter,
        limit: int | None,
        author: Author,
    ) -> int:
        with self._connection.joined() as transaction:
            meant = self._meant(transaction, only, limit)
            for turn, each in enumerate(sorted(meant, key=lambda each: (each.seq, each.subscription))):
                change(transaction, each, turn)
                self._note(transaction, action, each, author)
        return len(meant)

    def _note(
        self,
        transaction: Transaction,
        action: Literal["discard", "erase", "replay"],
        failed: FailedDelivery,
        author: Author,
    ) -> None:
        entry = AuditEntry(
            action=action,
            subscriber=self._subscription(transaction, failed).subscriber,
            event_id=failed.attempt.row["event_id"],
            event_type=failed.attempt.row["event_type"],
            actor=author.actor,
            reason=author.reason,
        )
        transaction.put(self._tables.audit, next(self._tables.audit.numbers), entry)

    def _meant(
        self, transaction: Transaction, only: DeadLetterFilter | None, limit: int | None = None
    ) -> "builtins.list[FailedDelivery]":
        rows = sorted(
            transaction.rows(self._tables.failed).values(), key=lambda each: (each.subscription, each.seq)
        )
        meant = (
            each
            for each in rows
            if each.attempt.state == "dead" and self._is_meant(transaction, each, only or DeadLetterFilter())
        )
        return list(islice(meant, limit))

    def _is_meant(self, transaction: Transaction, failed: FailedDelivery, only: DeadLetterFilter) -> bool:
        letter = self._dead_letter(transaction, failed)
        wanted = {name: getattr(only, name) for name in ("subscriber", "event_type", "reason")}
        return (
            all(value is None or getattr(letter, name) == value for name, value in wanted.items())
            and (not only.ids or letter.id in only.ids)
            and (only.since is None or letter.last_failed_at >= only.since)
            and letter.detail.startswith(only.error or "")
        )

    def _dead_letter(self, transaction: Transaction, failed: FailedDelivery) -> DeadLetterRecord:
        row = failed.attempt.row
        return DeadLetterRecord(
            id=failed.id,
            subscriber=self._subscription(transaction, failed).subscriber,
            log=HOME_LOG,
            seq=failed.seq,
            reason=cast("Reason", failed.attempt.reason),
            detail=failed.attempt.detail,
            attempts=failed.attempt.attempts,
            replays=failed.replays,
            replay_id=failed.replay_id,
            held=self._held(transaction, failed),
            first_failed_at=failed.first_failed_at,
            last_failed_at=failed.last_failed_at,
            **{name: row[name] for name in _COPIED},
        )

    def _held(self, transaction: Transaction, failed: FailedDelivery) -> int:
        """Return how many later events of its key wait for it."""
        return sum(
            each.attempt.state == "held"
            and each.subscription == failed.subscription
            and each.attempt.row["ordering_key"] == failed.attempt.row["ordering_key"]
            and each.seq > failed.seq
            for each in transaction.rows(self._tables.failed).values()
        )

    def _subscription(self, transaction: Transaction, failed: FailedDelivery) -> Subscription:
        return transaction.rows(self._tables.subscriptions)[failed.subscription]
