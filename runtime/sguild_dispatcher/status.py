"""What an operator looks at: how far each subscriber is, what failed, and how large the log is."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from sguild_dispatcher.migrations import check_migrated, migrations
from sguild_dispatcher.retention import Blocker, blockers, log_days
from sguild_dispatcher.statements import statement
from sguild_dispatcher.subscriptions import SubscriberName
from sguild_dispatcher.transport.interface import buckets_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sguild_dispatcher.database import Connection, Record

COUNTED: Final = 10_000
"""Waiting events that are counted for each partition, where no exact number is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionStatus:
    """One partition of a subscription.

    Attributes:
        partition: its number, from 0.
        waiting: events that were not delivered yet.
        waiting_is_exact: whether there are no more than that; counting ends at a limit.
        waiting_since: when the oldest of them was published.
        lag_seconds: how long ago that is; 0 if nothing waits.
        moved_at: when the cursor was stored last.
        owner: host and process id of the worker that owns it, ``None`` if none does.
        owner_alive: whether that worker said lately that it lives.
    """

    partition: int
    waiting: int
    waiting_is_exact: bool
    waiting_since: datetime | None
    lag_seconds: float
    moved_at: datetime
    owner: str | None
    owner_alive: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowestHandler:
    """The handler of a subscription that took longest in the last hour in which it was called.

    Attributes:
        event_type: what it handles.
        slowest_seconds: its longest call.
        average_seconds: the average of its calls.
        calls: how many there were.
        hour: when that hour began.
    """

    event_type: str
    slowest_seconds: float
    average_seconds: float
    calls: int
    hour: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionStatus:
    """A registered subscription, with what waits for it and what failed.

    Attributes:
        subscriber: its name.
        registered_at: when it was registered last.
        first_started_at: when a worker first began to deliver for it, ``None`` if none ever did.
        paused_at: since when nothing is delivered, on purpose.
        retired_at: when it ended; then nothing waits for it.
        partitions_wanted: the number of partitions that it is being changed to.
        same_cluster: ``False`` after a restore into another cluster, before ``migrate``.
        retrying: failed deliveries that will be tried again.
        held: deliveries that wait for an earlier event of their key.
        dead: dead letters.
        partitions: each of its partitions.
        slowest: its slowest handler, ``None`` if nothing was measured.
    """

    subscriber: SubscriberName
    registered_at: datetime
    first_started_at: datetime | None
    paused_at: datetime | None
    retired_at: datetime | None
    partitions_wanted: int | None
    same_cluster: bool
    retrying: int
    held: int
    dead: int
    partitions: "tuple[PartitionStatus, ...]"
    slowest: SlowestHandler | None

    @property
    def waiting(self) -> int:
        """Events that were not delivered yet, in all partitions."""
        return sum(each.waiting for each in self.partitions)

    @property
    def waiting_is_exact(self) -> bool:
        """Whether there are no more than :attr:`waiting`."""
        return all(each.waiting_is_exact for each in self.partitions)

    @property
    def waiting_since(self) -> datetime | None:
        """When the oldest of them was published."""
        return min((each.waiting_since for each in self.partitions if each.waiting_since), default=None)

    @property
    def lag_seconds(self) -> float:
        """How long ago the oldest waiting event was published; 0 if none waits."""
        return max((each.lag_seconds for each in self.partitions), default=0.0)

    @property
    def state(self) -> str:
        """``retired``, ``paused``, ``never ran`` or ``active``."""
        if self.retired_at is not None:
            return "retired"
        if self.paused_at is not None:
            return "paused"
        # The command knows no registry, so a typo in a name shows when no worker of that name ever comes.
        return "never ran" if self.first_started_at is None else "active"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogStatus:
    """The size of the log.

    Attributes:
        bytes: on disk, indexes included.
        rows_at_most: the span of seq; transactions that were rolled back leave gaps in it.
        oldest_day: the day (UTC) of the oldest events that are kept, ``None`` if there are none.
        blocked_by: the cursors that are not past that day, if it is not today's: retention waits for them.
    """

    bytes: int
    rows_at_most: int
    oldest_day: date | None
    blocked_by: tuple[Blocker, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Everything that ``sguild-dispatcher status`` shows."""

    schema_version: int
    subscribers: tuple[SubscriptionStatus, ...]
    log: LogStatus


async def load_status(connection: "Connection", *, exact: bool = False) -> Status:
    """Look at a database.

    Args:
        connection: to the database of the log, outside of a transaction.
        exact: whether to count all waiting events, however many there are.

    Raises:
        NotMigratedError: the database is not ready.
    """
    await check_migrated(connection)
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        return Status(
            schema_version=migrations()[-1].version,
            subscribers=tuple(await subscriptions(connection, exact=exact)),
            log=await log_status(connection),
        )


async def subscriptions(
    connection: "Connection", *, exact: bool = False, only: SubscriberName | None = None
) -> list[SubscriptionStatus]:
    """Return every subscription, retired ones too, in the order of their names; or ``only`` one of them."""
    await connection.execute(statement("prepare_session"))
    places: dict[int, list[Record]] = {}
    for place in await connection.fetch(statement("cursor/places"), None):
        places.setdefault(place["subscription_id"], []).append(place)
    slowest = {each["subscription_id"]: each for each in await connection.fetch(statement("status/slowest"))}
    return [
        await _subscription(
            connection,
            row,
            places.get(row["id"], []),
            slowest.get(row["id"]),
            limit=None if exact else COUNTED,
        )
        for row in await connection.fetch(statement("subscription/list"))
        if only in (None, SubscriberName(row["domain"], row["name"]))
    ]


async def log_status(connection: "Connection") -> LogStatus:
    """Return the size of the log, and who keeps its oldest day."""
    row = (await connection.fetch(statement("status/log")))[0]
    days = await log_days(connection)
    oldest = days[0].day if days else None
    past = oldest is not None and oldest < row["today"]
    return LogStatus(
        bytes=row["bytes"],
        rows_at_most=row["rows_at_most"],
        oldest_day=oldest,
        blocked_by=tuple(await blockers(connection, oldest)) if oldest is not None and past else (),
    )


async def waiting_for(
    connection: "Connection",
    place: "Record",
    *,
    partitions: int,
    ignored: "Sequence[str]",
    limit: int | None = None,
    before: int | None = None,
) -> "Record":
    """Count what waits for a partition, up to ``limit`` and below the seq ``before``."""
    rows = await connection.fetch(
        statement("cursor/waiting"),
        place["generation"], place["done"], place["window"], place["position"],
        buckets_of(place["partition"], partitions), list(ignored), limit, place["newest_generation"], before,
    )  # fmt: skip
    return rows[0]


async def _subscription(
    connection: "Connection",
    row: "Record",
    places: "list[Record]",
    slowest: "Record | None",
    *,
    limit: int | None,
) -> SubscriptionStatus:
    partitions: list[PartitionStatus] = []
    for place in places if row["retired_at"] is None else ():
        counted = await waiting_for(
            connection,
            place,
            partitions=row["partitions"],
            ignored=row["ignored_types"],
            limit=None if limit is None else limit + 1,
        )
        partitions.append(_partition(place, counted, limit))
    copied = (
        "registered_at",
        "first_started_at",
        "paused_at",
        "retired_at",
        "partitions_wanted",
        "same_cluster",
    )
    values: dict[str, Any] = {name: row[name] for name in (*copied, "retrying", "held", "dead")}
    return SubscriptionStatus(
        subscriber=SubscriberName(row["domain"], row["name"]),
        partitions=tuple(partitions),
        slowest=None if slowest is None else _slowest(slowest),
        **values,
    )


def _partition(place: "Record", counted: "Record", limit: int | None) -> PartitionStatus:
    events: int = counted["events"]
    oldest: datetime | None = counted["oldest_at"]
    return PartitionStatus(
        partition=place["partition"],
        waiting=events if limit is None else min(events, limit),
        waiting_is_exact=limit is None or events <= limit,
        waiting_since=oldest,
        lag_seconds=0.0 if oldest is None else max((counted["now"] - oldest).total_seconds(), 0.0),
        moved_at=place["moved_at"],
        owner=place["owner"],
        owner_alive=place["owner_alive"],
    )


def _slowest(row: "Record") -> SlowestHandler:
    return SlowestHandler(
        event_type=row["event_type"],
        slowest_seconds=row["slowest"],
        average_seconds=row["seconds"] / row["calls"],
        calls=row["calls"],
        hour=row["hour"],
    )
