"""The dead letters of a memory database."""

import builtins
from collections.abc import Callable
from dataclasses import replace
from typing import Literal, cast

from sguild_dispatcher.dead_letters import DeadLetterFilter, DeadLetterRecord, Replayed
from sguild_dispatcher.errors import UnknownDeadLetterError
from sguild_dispatcher.reading import Reason
from sguild_dispatcher.testing.memory.connections import BaseConnection
from sguild_dispatcher.testing.memory.store import Transaction
from sguild_dispatcher.testing.memory.tables import AuditEntry, FailedDelivery, Subscription
from sguild_dispatcher.transport.interface import HOME_LOG

_COPIED = ("event_id", "event_type", "schema_version", "producer", "tenant_id", "ordering_key", "key_id")


class MemoryDeadLetters:
    """As :class:`sguild_dispatcher.dead_letters.DeadLetters`, for a memory database.

    Args:
        connection: what they are read and changed through; in an open transaction, as part of it.
    """

    def __init__(self, connection: BaseConnection) -> None:
        self._connection = connection
        self._tables = connection.tables

    async def list(self, only: DeadLetterFilter | None = None) -> "builtins.list[DeadLetterRecord]":
        """Return the dead letters, those of one subscriber together and in the order of the log."""
        with self._connection.joined() as transaction:
            return [self._dead_letter(transaction, each) for each in self._meant(transaction, only)]

    async def count(self, only: DeadLetterFilter | None = None) -> int:
        """Return how many dead letters a filter means."""
        return len(await self.list(only))

    async def show(self, identifier: int) -> tuple[DeadLetterRecord, str]:
        """Return one dead letter, and the exact text of the event.

        Raises:
            UnknownDeadLetterError: there is none with that id.
        """
        with self._connection.joined() as transaction:
            for each in self._meant(transaction, DeadLetterFilter(ids=(identifier,))):
                return self._dead_letter(transaction, each), each.attempt.row["body"]
        raise UnknownDeadLetterError(f"There is no dead letter {identifier}.")

    async def replay(self, only: DeadLetterFilter, *, actor: str, reason: str = "") -> Replayed:
        """Let dead letters be delivered again, from the first attempt on, and return how many."""
        identifier = next(self._tables.audit.numbers)

        def again(transaction: Transaction, failed: FailedDelivery) -> None:
            attempt = replace(
                failed.attempt, state="retrying", attempts=0, next_attempt_at=self._connection.clock()
            )
            row = replace(failed, attempt=attempt, replays=failed.replays + 1, replay_id=identifier)
            transaction.put(self._tables.failed, failed.id, row)

        count = self._act("replay", again, only, actor, reason)
        return Replayed(id=identifier if count else None, count=count)

    async def discard(self, only: DeadLetterFilter, *, actor: str, reason: str = "") -> int:
        """Delete dead letters for good, and return how many."""

        def gone(transaction: Transaction, failed: FailedDelivery) -> None:
            transaction.remove(self._tables.failed, failed.id)

        return self._act("discard", gone, only, actor, reason)

    def _act(
        self,
        action: Literal["discard", "replay"],
        change: Callable[[Transaction, FailedDelivery], None],
        only: DeadLetterFilter,
        actor: str,
        reason: str,
    ) -> int:
        with self._connection.joined() as transaction:
            meant = self._meant(transaction, only)
            for each in meant:
                change(transaction, each)
                entry = AuditEntry(
                    action=action,
                    subscriber=self._subscription(transaction, each).subscriber,
                    event_id=each.attempt.row["event_id"],
                    event_type=each.attempt.row["event_type"],
                    actor=actor,
                    reason=reason,
                )
                transaction.put(self._tables.audit, next(self._tables.audit.numbers), entry)
        return len(meant)

    def _meant(
        self, transaction: Transaction, only: DeadLetterFilter | None
    ) -> "builtins.list[FailedDelivery]":
        rows = sorted(
            transaction.rows(self._tables.failed).values(), key=lambda each: (each.subscription, each.seq)
        )
        return [
            each
            for each in rows
            if each.attempt.state == "dead" and self._is_meant(transaction, each, only or DeadLetterFilter())
        ]

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
