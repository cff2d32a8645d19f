"""How far a batch came, by what rules failures are tried again, and what is counted and logged of it."""

import logging
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, fields
from typing import Final

from sguild_dispatcher.clock import Clock
from sguild_dispatcher.delivery.blame import Blame
from sguild_dispatcher.delivery.outcomes import Discarded, Failure, HeldBack, Outcome, Success
from sguild_dispatcher.errors import TransactionControlError
from sguild_dispatcher.retries import RetryPolicy, shown_detail
from sguild_dispatcher.telemetry import Consuming, Settled
from sguild_dispatcher.transport.interface import FailedAttempt, HomeSession, Row

_log: Final = logging.getLogger(__name__)

BATCH_SECONDS: Final = 2.0
"""A transaction ends after the event in which this time passes: it must not hold a snapshot for long."""

_UNCOUNTED: Final = frozenset({"held_back"})
_TRIED: Final = frozenset({"handler_failed", "handler_rejected", "handler_timeout"})


@dataclass(slots=True)
class Tally:
    """What a worker did; see :class:`sguild_dispatcher.subscriber.DrainResult`."""

    delivered: int = 0
    retried: int = 0
    dead: int = 0
    discarded: int = 0
    held: int = 0
    passed_over: int = 0
    duplicates: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """What a batch leaves to do: whether more events may wait, and whether a retry may be due."""

    more: bool
    retries: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRules:
    """What a batch is done by.

    Attributes:
        subscriber: the full name, for logs.
        partition: which partition it is, for logs.
        size: events a batch at most.
        policy: when a failed delivery is tried again.
        clock: the moment.
        hold_back: whether later events of a failed key wait for it.
        stopping: whether the worker is to stop after the handler at hand.
        telemetry: who is told what is committed.
    """

    subscriber: str
    partition: int
    size: int
    policy: RetryPolicy
    clock: Clock
    hold_back: bool
    stopping: Callable[[], bool]
    telemetry: Consuming


@dataclass(slots=True)
class Progress:
    """How far a transaction came; it counts for nothing before the commit."""

    handled: list[Row] = field(default_factory=list[Row])
    outcomes: list[Outcome] = field(default_factory=list[Outcome])
    counts: Tally = field(default_factory=Tally)
    failed: list[FailedAttempt] = field(default_factory=list[FailedAttempt])
    discarded: list[tuple[Row, str]] = field(default_factory=list[tuple[Row, str]])

    def add(self, row: Row, outcome: Outcome, attempt: int, rules: BatchRules) -> None:
        """Take what became of one event."""
        self.handled.append(row)
        self.outcomes.append(outcome)
        if outcome is Success.DELIVERED:
            self.counts.delivered += 1
        elif outcome is Success.PASSED_OVER:
            self.counts.passed_over += 1
        elif isinstance(outcome, Discarded):
            self.counts.discarded += 1
            self.discarded.append((row, outcome.reason))
        elif isinstance(outcome, HeldBack):
            self.counts.held += 1
            self.failed.append(_held(row))
        else:
            self._add_failure(after_failure(row, outcome, attempt, rules))

    @property
    def done(self) -> list[Row]:
        """The events that are not kept as failed."""
        failed = {each.row["seq"] for each in self.failed}
        return [each for each in self.handled if each["seq"] not in failed]

    @property
    def failed_keys(self) -> set[str]:
        """The ordering keys that failed."""
        return {each.row["ordering_key"] for each in self.failed}

    async def note(self, home: HomeSession) -> None:
        """Store what failed and what was discarded, in the open transaction."""
        if self.failed:
            await home.add_failures(self.failed)
        for row, reason in self.discarded:
            await home.note_discard(row, reason)

    def committed(self, rules: BatchRules, tally: Tally, blame: Blame) -> None:
        """Count and log what is committed now."""
        blame.settled(self.handled)
        for each in fields(Tally):
            setattr(tally, each.name, getattr(tally, each.name) + getattr(self.counts, each.name))
        if rules.telemetry.counts:
            rules.telemetry.settled(self._settled())
        for failed in self.failed:
            _log_failure(rules, failed)
        for row, _ in self.discarded:
            _log_discard(rules, row)

    def _settled(self) -> Counter[Settled]:
        failed = {each.row["seq"]: each for each in self.failed}
        return Counter(
            _settled_as(row["event_type"], outcome, failed.get(row["seq"]))
            for row, outcome in zip(self.handled, self.outcomes, strict=True)
        )

    def _add_failure(self, failed: FailedAttempt) -> None:
        self.failed.append(failed)
        if failed.state == "dead":
            self.counts.dead += 1
        else:
            self.counts.retried += 1


def _settled_as(event_type: str, outcome: Outcome, failed: FailedAttempt | None) -> Settled:
    if failed is not None:
        return Settled(event_type, failed.state, failed.reason)
    return Settled(event_type, outcome.value if isinstance(outcome, Success) else "discarded")


def after_failure(row: Row, failure: Failure, attempt: int, rules: BatchRules) -> FailedAttempt:
    """Return what happens after a failure: another attempt, or a dead letter."""
    delay = rules.policy.delay(attempt) if failure.again else None
    if delay is not None and failure.after is not None:
        delay = failure.after
    return FailedAttempt(
        row=row,
        state="dead" if delay is None else "retrying",
        reason=failure.reason,
        detail=failure.detail,
        attempts=attempt if failure.reason in _TRIED else attempt - 1,
        next_attempt_at=None if delay is None else rules.clock() + delay,
    )


def is_held(row: Row, keys: Collection[str], progress: Progress) -> bool:
    """Tell whether an earlier event of the same key failed."""
    return row["ordering_key"] in keys or row["ordering_key"] in progress.failed_keys


def _held(row: Row) -> FailedAttempt:
    return FailedAttempt(
        row=row,
        state="held",
        reason="held_back",
        detail="An earlier event of its key failed.",
        attempts=0,
        next_attempt_at=None,
    )


def log_fetched(rules: BatchRules, rows: Sequence[Row]) -> None:
    """Log what is delivered now: the last such record of a process that dies tells in which batch it did."""
    if rows and _log.isEnabledFor(logging.DEBUG):
        _log.debug(
            "%s: delivers %d events, seq %d to %d",
            rules.subscriber,
            len(rows),
            rows[0]["seq"],
            rows[-1]["seq"],
            extra={
                "code": "batch-fetched",
                **_place(rules),
                "seqs": [each["seq"] for each in rows],
                "event_ids": [each["event_id"] for each in rows],
            },
        )


def log_ended_transaction(rules: BatchRules, error: TransactionControlError) -> None:
    """Log that a handler ended a transaction that is the worker's."""
    _log.error("%s", error, extra={"code": "transaction-ended-by-handler", **_place(rules)})


def _log_discard(rules: BatchRules, row: Row) -> None:
    # Why, the audit knows: the reason is text of the service, which may quote the payload.
    _log.info(
        "%s: %s %s is discarded by its handler",
        rules.subscriber,
        row["event_type"],
        row["event_id"],
        extra={"code": "delivery-discarded", **_place(rules), **_event(row)},
    )


def _place(rules: BatchRules) -> dict[str, object]:
    return {"subscriber": rules.subscriber, "partition": rules.partition}


def _event(row: Row) -> dict[str, object]:
    return {"event_id": row["event_id"], "event_type": row["event_type"]}


def _log_failure(rules: BatchRules, failed: FailedAttempt) -> None:
    if failed.reason in _UNCOUNTED:
        return
    moment = failed.next_attempt_at
    what = "dead letter" if moment is None else f"next attempt at {moment:%H:%M:%S} UTC"
    _log.warning(
        "%s: %s %s failed, %s: %s (%s)",
        rules.subscriber,
        failed.row["event_type"],
        failed.row["event_id"],
        failed.reason,
        shown_detail(failed.reason, failed.detail),
        what,
        extra={
            "code": "delivery-failed",
            **_place(rules),
            **_event(failed.row),
            "reason": failed.reason,
            "attempts": failed.attempts,
            "state": failed.state,
        },
    )
