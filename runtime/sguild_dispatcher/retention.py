"""Dropping what is old: days of the log that every cursor is past, and rows that nothing needs any more.

No event is dropped that an active subscription has not delivered, however old it is: a subscription that
nobody works for has to be retired first. Dead letters are dropped only when a period for them is given.
"""

import asyncio
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final, cast

from sguild_dispatcher.audit import Author, add_entry
from sguild_dispatcher.errors import ConfigurationError
from sguild_dispatcher.migrations import check_migrated
from sguild_dispatcher.roles import require_all_rows
from sguild_dispatcher.statements import statement
from sguild_dispatcher.subscriptions import SubscriberName

if TYPE_CHECKING:
    from sguild_dispatcher.database import Connection

DAYS: Final = 30
"""Days of the log that are kept, where nobody says otherwise."""

INBOX_MORE: Final = 15
"""Days by which the inbox is kept longer."""

AUDIT_DAYS: Final = 730

LONGEST_DAYS: Final = 36_500
"""A century: more than that, and a day is none of the calendar any more."""

ROWS_AT_ONCE: Final = 10_000
"""Rows that one transaction deletes."""

DAYS_AHEAD: Final = 7
"""Days of the log that are made in advance."""

LOCK_ATTEMPTS: Final = 50
LOCK_PAUSE: Final = 0.2
"""Seconds between two attempts to lock the log, in which publishers go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionPolicy:
    """How long rows are kept, in days.

    Attributes:
        days: days of the log, counted back from today (UTC).
        inbox_days: inbox rows, counted back from the last one of their subscription. Whatever can still be
            delivered again has to be in the inbox, so that they are kept longer than the log.
        failed_days: dead letters since their last failure; ``None`` keeps them until somebody decides.
        audit_days: audit entries.

    Raises:
        ConfigurationError: a period is below 1 day or above a century, or the inbox is kept no longer than
            the log.
    """

    days: int = DAYS
    inbox_days: int = DAYS + INBOX_MORE
    failed_days: int | None = None
    audit_days: int = AUDIT_DAYS

    def __post_init__(self) -> None:
        for name, period in asdict(self).items():
            if period is not None and not 1 <= period <= LONGEST_DAYS:
                raise ConfigurationError(
                    f"{name} is {period}: a period of retention is 1 to {LONGEST_DAYS} days."
                )
        if self.inbox_days <= self.days:
            raise ConfigurationError(
                f"The inbox would be kept for {self.inbox_days} days and the log for {self.days}: what "
                "the log delivers again has to be in the inbox, so keep the inbox longer."
            )


@dataclass(frozen=True, slots=True, order=True)
class Blocker:
    """A partition of a subscription that is not past a day of the log."""

    subscriber: SubscriberName
    partition: int


@dataclass(frozen=True, slots=True)
class LogDay:
    """A day of the log, in UTC; ``table`` is ``None`` where its rows lie in ``event_log_default``."""

    day: date
    table: str | None
    bytes: int


@dataclass(frozen=True, slots=True)
class KeptDay:
    """A day that is old enough and was kept: for some cursors, or because the log could not be locked."""

    day: date
    blocked_by: tuple[Blocker, ...]


@dataclass(slots=True, kw_only=True)
class RetentionReport:
    """What a run did, or would do.

    Attributes:
        dropped: days of the log.
        kept: days that were old enough, with what blocks them; nothing if the log was too busy to be locked.
        freed_bytes: how much the dropped days took on disk.
        inbox: inbox rows that were deleted.
        failed: dead letters, and what had failed for subscriptions that are retired.
        audit: audit entries that were deleted.
        created_days: days that were made in advance.
    """

    dropped: list[date] = field(default_factory=list[date])
    kept: list[KeptDay] = field(default_factory=list[KeptDay])
    freed_bytes: int = 0
    inbox: int = 0
    failed: int = 0
    audit: int = 0
    created_days: int = 0


async def run_retention(
    connection: "Connection", policy: RetentionPolicy, author: Author, *, dry_run: bool = False
) -> RetentionReport:
    """Drop what is older than a policy says.

    Publishers are never made to wait for long: the log is locked only when that takes a fraction of a second.

    Args:
        connection: to the database, by the owner of its tables, outside of a transaction.
        policy: how long rows are kept.
        author: who does it, for the audit.
        dry_run: whether only to say what would be dropped.

    Raises:
        NotMigratedError: the database is not ready.
        MissingRightsError: policies hide subscribers from the connection.
    """
    await check_migrated(connection)
    await require_all_rows(connection)
    report = RetentionReport()
    if not dry_run:
        report.created_days = await connection.fetchval(statement("log/create_days"), DAYS_AHEAD)
    today: date = (await connection.fetchval(statement("retention/now"))).astimezone(UTC).date()
    for each in await log_days(connection):
        if each.day < today - timedelta(days=policy.days):
            await _drop_day(connection, each, report, dry_run=dry_run)
    entry = None
    if not dry_run:
        entry = await add_entry(connection, "retention", author, details=asdict(policy))
    await _delete_rows(connection, policy, report, entry)
    return report


async def log_days(connection: "Connection") -> list[LogDay]:
    """Return the days of the log, the oldest first."""
    rows = await connection.fetch(statement("retention/days"))
    return [LogDay(row["day"], row["table"], row["bytes"]) for row in rows]


async def blockers(connection: "Connection", day: date) -> list[Blocker]:
    """Return the cursors that are not past a day of the log; retired ones do not count."""
    rows = await connection.fetch(statement("retention/blockers"), *_span(day))
    return [Blocker(SubscriberName(row["domain"], row["name"]), row["partition"]) for row in rows]


def _span(day: date) -> tuple[datetime, datetime]:
    begins = datetime.combine(day, time(tzinfo=UTC))
    return begins, begins + timedelta(days=1)


async def _drop_day(connection: "Connection", day: LogDay, report: RetentionReport, *, dry_run: bool) -> None:
    blocked = await blockers(connection, day.day)
    dropped = not blocked
    if dropped and not dry_run:
        dropped, blocked = await (_drop_table if day.table else _delete_day)(connection, day)
    if dropped:
        report.dropped.append(day.day)
        report.freed_bytes += day.bytes
    else:
        report.kept.append(KeptDay(day.day, tuple(blocked)))


async def _drop_table(connection: "Connection", day: LogDay) -> tuple[bool, list[Blocker]]:
    """Drop a day's table, and tell whether that was possible, or who needs it after all."""
    import asyncpg

    for _ in range(LOCK_ATTEMPTS):
        try:
            async with connection.transaction():
                await connection.execute(statement("retention/lock_log"))
                # A transaction that published on that day may have committed since, or a cursor gone back.
                blocked = await blockers(connection, day.day)
                if not blocked:
                    await connection.execute(statement("retention/drop_day").format(table=day.table))
                return not blocked, blocked
        except (asyncpg.LockNotAvailableError, asyncpg.QueryCanceledError, asyncpg.DeadlockDetectedError):
            await asyncio.sleep(LOCK_PAUSE)
    return False, []


async def _delete_day(connection: "Connection", day: LogDay) -> tuple[bool, list[Blocker]]:
    """Delete a day's rows from the default table: those that were seen when the cursors were looked at."""
    async with connection.transaction(isolation="repeatable_read"):
        blocked = await blockers(connection, day.day)
        if not blocked:
            await connection.execute(statement("retention/delete_day"), *_span(day.day))
    return not blocked, blocked


async def _delete_rows(
    connection: "Connection", policy: RetentionPolicy, report: RetentionReport, entry: int | None
) -> None:
    """Delete old rows of the small tables, or count them where there is no audit entry to do it by."""
    failed = (policy.days, policy.failed_days)
    if entry is None:
        report.inbox = await connection.fetchval(statement("retention/count_inbox"), policy.inbox_days)
        report.failed = await connection.fetchval(statement("retention/count_failed"), *failed)
        report.audit = await connection.fetchval(statement("retention/count_audit"), policy.audit_days)
        return
    report.inbox = await _delete(connection, "retention/delete_inbox", policy.inbox_days)
    report.failed = await _delete(connection, "retention/delete_failed", *failed, entry)
    report.audit = await _delete(connection, "retention/delete_audit", policy.audit_days)


async def _delete(connection: "Connection", name: str, *values: object) -> int:
    """Delete rows, some at once, until there are none left; the last parameter is how many at once."""
    deleted = 0
    while True:
        count = cast("int", await connection.fetchval(statement(name), *values, ROWS_AT_ONCE))
        deleted += count
        if count < ROWS_AT_ONCE:
            return deleted
