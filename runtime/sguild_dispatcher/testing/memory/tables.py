"""What a memory database holds: the tables of ``sql/migrations``, with Python values as rows."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

from sguild_dispatcher.connections import EventRow
from sguild_dispatcher.subscriptions import BUCKETS, SubscriberName
from sguild_dispatcher.testing.memory.store import Table
from sguild_dispatcher.transport.interface import Cursor, FailedAttempt, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A reader of the log."""

    id: int
    subscriber: SubscriberName
    partitions: int
    retired: bool = False
    paused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedDelivery:
    """A delivery that failed: a retry, a dead letter, or an event that waits for one of them."""

    id: int
    subscription: int
    attempt: FailedAttempt
    replays: int
    replay_id: int | None = None
    first_failed_at: datetime
    last_failed_at: datetime

    @property
    def seq(self) -> int:
        """Its event's place in the log."""
        seq: int = self.attempt.row["seq"]
        return seq

    @property
    def row(self) -> Row:
        """What a retry needs of it."""
        return {
            **self.attempt.row,
            "id": self.id,
            "state": self.attempt.state,
            "attempts": self.attempt.attempts,
            "replays": self.replays,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """What was done about an event by a person, or asked for by a handler."""

    action: Literal["discard", "erase", "replay"]
    subscriber: SubscriberName
    event_id: str
    event_type: str
    actor: str
    reason: str


InboxKey: TypeAlias = tuple[int, str, str]
"""Subscription, producer and event id."""


@dataclass(frozen=True, slots=True)
class Tables:
    """All tables of one database."""

    log: Table[int, Row] = field(default_factory=Table[int, Row])
    subscriptions: Table[int, Subscription] = field(default_factory=Table[int, Subscription])
    cursors: Table[tuple[int, int], Cursor] = field(default_factory=Table[tuple[int, int], Cursor])
    failed: Table[int, FailedDelivery] = field(default_factory=Table[int, FailedDelivery])
    inbox: Table[InboxKey, datetime] = field(default_factory=Table[InboxKey, datetime])
    audit: Table[int, AuditEntry] = field(default_factory=Table[int, AuditEntry])
    state: Table[Any, Any] = field(default_factory=Table[Any, Any])

    def find_subscription(self, subscriber: SubscriberName) -> Subscription | None:
        """Return the committed subscription of a name, be it retired or not."""
        rows = self.subscriptions.committed.values()
        return next((each for each in rows if each.subscriber == subscriber), None)


def stored_event(event: EventRow, *, seq: int, txid: int, created_at: datetime) -> Row:
    """Return the row of the log that an event becomes."""
    return {
        **event._asdict(),
        "seq": seq,
        "txid": txid,
        "bucket": bucket(event.ordering_key),
        "created_at": created_at,
    }


def bucket(ordering_key: str) -> int:
    """Return the share that a key belongs to, by the rule of ``event_log.bucket``."""
    return hashlib.md5(ordering_key.encode(), usedforsecurity=False).digest()[0] % BUCKETS
