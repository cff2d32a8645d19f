"""Dead letters: events that a subscriber could not take, kept until a person replays or discards them.

::

    letters = DeadLetters("postgresql://...")
    for letter in await letters.list(DeadLetterFilter(reason="handler_failed")):
        ...
    await letters.replay(DeadLetterFilter(ids=(letter.id,)), actor="ada", reason="the mail server is back")
"""

import builtins
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from sguild_dispatcher.audit import AuditAction, Author, add_entry
from sguild_dispatcher.clock import Clock, system_clock
from sguild_dispatcher.database import connect
from sguild_dispatcher.errors import ConfigurationError, DeadLetterFilterError, UnknownDeadLetterError
from sguild_dispatcher.migrations import check_migrated
from sguild_dispatcher.reading import REASONS, Reason
from sguild_dispatcher.retries import SAID_BY_HANDLERS, shown_detail
from sguild_dispatcher.roles import require_operator
from sguild_dispatcher.statements import statement
from sguild_dispatcher.subscriptions import SubscriberName, require_subscription

if TYPE_CHECKING:
    from sguild_dispatcher.database import Connection, Record

T = TypeVar("T")

_LARGEST_ID: Final = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterFilter:
    """Which dead letters are meant: those that all given fields agree with; an empty filter means every one.

    Attributes:
        ids: those with one of these ids; empty does not restrict.
        subscriber: those of one subscriber.
        event_type: those of one event type.
        reason: those with one reason.
        since: those that failed last at this moment or later.
        error: those whose detail begins so: with the class of an exception, or its first words.

    Raises:
        DeadLetterFilterError: a field has a value that no dead letter can have.
    """

    ids: tuple[int, ...] = ()
    subscriber: SubscriberName | None = None
    event_type: str | None = None
    reason: Reason | None = None
    since: datetime | None = None
    error: str | None = None

    def __post_init__(self) -> None:
        if self.reason is not None and self.reason not in REASONS:
            raise DeadLetterFilterError(
                f"{self.reason!r} is no reason of a dead letter; the reasons are {', '.join(REASONS)}."
            )
        for each in self.ids:
            if not 1 <= each <= _LARGEST_ID:
                raise DeadLetterFilterError(
                    f"{each} is no id of a dead letter: `dead-letters list` shows the ids."
                )

    @property
    def is_empty(self) -> bool:
        """Tell whether every dead letter is meant."""
        return self == DeadLetterFilter()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterRecord:
    """A dead letter without the event's body.

    ``log`` is the producer whose database the event was read from, empty if that is this one. ``attempts``
    counts the deliveries since the first failure or the last replay, ``replays`` the replays, and
    ``replay_id`` is the last of them. ``held`` later events of its key wait for it to be settled.

    ``detail`` may quote the payload if a handler said it: it begins with the class of the handler's
    exception, and its message follows. ``shown_detail`` leaves that message out.
    """

    id: int
    subscriber: SubscriberName
    log: str
    seq: int
    event_id: str
    event_type: str
    schema_version: int
    producer: str
    tenant_id: str
    ordering_key: str
    key_id: str
    reason: Reason
    detail: str
    attempts: int
    replays: int
    replay_id: int | None
    held: int
    first_failed_at: datetime
    last_failed_at: datetime

    @property
    def shown_detail(self) -> str:
        """What may be logged and listed of ``detail``: of a handler's exception, only the class."""
        return shown_detail(self.reason, self.detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterGroup:
    """Dead letters that failed alike; ``error`` is what may be shown of their detail."""

    subscriber: SubscriberName
    event_type: str
    reason: Reason
    error: str
    count: int
    first_failed_at: datetime
    last_failed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """How many dead letters were replayed, and the id to ask what became of them; none if there were none."""

    id: int | None
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """How many events and failed deliveries were erased, and which logs elsewhere still have the events."""

    events: int
    failures: int
    elsewhere: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayStatus:
    """What became of a replay.

    Attributes:
        id: its id.
        acted_at: when it was asked for.
        actor: who did.
        reason: why.
        details: what it was told.
        asked: how many dead letters were replayed.
        waiting: how many have attempts left.
        delivered: how many were delivered.
        dead: how many are dead letters again.
        superseded: how many failed again, and were replayed or discarded since.
    """

    id: int
    acted_at: datetime
    actor: str
    reason: str
    details: Mapping[str, Any]
    asked: int
    waiting: int
    delivered: int
    dead: int
    superseded: int


class DeadLetters:
    """The dead letters of one database.

    Args:
        database: a DSN, or an open asyncpg connection; in an open transaction the changes become part of it.
        clock: only tests replace it.
    """

    def __init__(self, database: "str | Connection", *, clock: Clock = system_clock) -> None:
        self._database = database
        self._clock = clock

    async def list(
        self, only: DeadLetterFilter | None = None, *, limit: int | None = None
    ) -> "builtins.list[DeadLetterRecord]":
        """Return the dead letters, those of one subscriber together and in the order of the log.

        Args:
            only: which ones, by default all.
            limit: how many at most, by default all.

        Raises:
            UnknownSubscriptionError: the filter names a subscriber that was never registered.
            DatabaseUnavailableError, NotMigratedError: the database is not ready.
        """
        async with self._connection() as connection:
            ids = await _chosen(connection, only, limit)
            rows = await connection.fetch(statement("dead_letter/list"), ids)
        return [_with_subscriber(DeadLetterRecord, row) for row in rows]

    async def count(self, only: DeadLetterFilter | None = None) -> int:
        """Return how many dead letters a filter means; raises as :meth:`list`."""
        async with self._connection() as connection:
            return len(await _chosen(connection, only, None))

    async def groups(self, only: DeadLetterFilter | None = None) -> "builtins.list[DeadLetterGroup]":
        """Return which dead letters failed alike, the largest group first; raises as :meth:`list`."""
        async with self._connection() as connection:
            ids = await _chosen(connection, only, None)
            rows = await connection.fetch(statement("dead_letter/groups"), ids, SAID_BY_HANDLERS)
        return [_with_subscriber(DeadLetterGroup, row) for row in rows]

    async def show(self, identifier: int) -> tuple[DeadLetterRecord, str]:
        """Return one dead letter, and the exact text of the event: its payload may hold personal data.

        Raises:
            UnknownDeadLetterError: there is none with that id.
        """
        async with self._connection() as connection:
            ids = await _chosen(connection, DeadLetterFilter(ids=(identifier,)), None)
            row = await connection.fetchrow(statement("dead_letter/list"), ids)
            body = await connection.fetchval(statement("dead_letter/body"), identifier)
        if row is None or body is None:
            raise UnknownDeadLetterError(
                f"There is no dead letter {identifier}: `sguild-dispatcher dead-letters list` shows all."
            )
        return _with_subscriber(DeadLetterRecord, row), body

    async def replay(
        self,
        only: DeadLetterFilter,
        *,
        actor: str,
        reason: str = "",
        limit: int | None = None,
        rate: float | None = None,
    ) -> Replayed:
        """Let the worker deliver dead letters again, in the order of the log and from the first attempt on.

        Later events of a key that are held back come after them.

        Args:
            only: which ones; ``DeadLetterFilter()`` means all of them.
            actor: who does it, for the audit.
            reason: why, for the audit.
            limit: how many at most, by default all.
            rate: how many become due in a second, by default all at once.

        Raises:
            UnknownSubscriptionError: the filter names a subscriber that was never registered.
            ConfigurationError: the rate is not above 0.
        """
        pause = seconds_between(rate)

        async def act(connection: "Connection", ids: "builtins.list[int]", entry: int) -> Replayed:
            count = await connection.fetchval(
                statement("dead_letter/replay"), ids, entry, self._clock(), pause
            )
            return Replayed(id=entry, count=count)

        done = await self._act("replay", only, Author(actor=actor, reason=reason), limit, act, rate=rate)
        return done or Replayed(id=None, count=0)

    async def discard(
        self, only: DeadLetterFilter, *, actor: str, reason: str = "", limit: int | None = None
    ) -> int:
        """Delete dead letters, and return how many; arguments and errors as :meth:`replay`.

        Nobody delivers them any more, and later events of their keys that are held back go on. The audit
        keeps their ids, and the log keeps the events until retention.
        """

        async def act(connection: "Connection", ids: "builtins.list[int]", entry: int) -> int:
            return cast("int", await connection.fetchval(statement("dead_letter/discard"), ids, entry))

        return await self._act("discard", only, Author(actor=actor, reason=reason), limit, act) or 0

    async def erase(
        self, only: DeadLetterFilter, *, actor: str, reason: str = "", limit: int | None = None
    ) -> Erased:
        """Delete dead letters with their events, for good; arguments and errors as :meth:`replay`.

        The events are deleted from the log and from what failed for any other subscription of this database:
        who has not delivered them never will. The audit keeps their ids. A log in another database keeps its
        copy, and so do backups.
        """

        async def act(connection: "Connection", ids: "builtins.list[int]", entry: int) -> Erased:
            row = (await connection.fetch(statement("dead_letter/erase"), ids, entry))[0]
            return Erased(events=row["events"], failures=row["failures"], elsewhere=tuple(row["elsewhere"]))

        done = await self._act("erase", only, Author(actor=actor, reason=reason), limit, act)
        return done or Erased(events=0, failures=0, elsewhere=())

    async def replays(
        self, identifier: int | None = None, *, limit: int | None = None
    ) -> "builtins.list[ReplayStatus]":
        """Return what became of replays, the newest first.

        Raises:
            UnknownDeadLetterError: there is no replay with the given id.
        """
        async with self._connection() as connection:
            await check_migrated(connection)
            rows = await connection.fetch(statement("dead_letter/replays"), identifier, limit)
        if identifier is not None and not rows:
            raise UnknownDeadLetterError(
                f"There is no replay {identifier}: `sguild-dispatcher dead-letters replays` shows all."
            )
        return [ReplayStatus(**{**row, "details": json.loads(row["details"] or "{}")}) for row in rows]

    async def _act(
        self,
        action: AuditAction,
        only: DeadLetterFilter,
        author: Author,
        limit: int | None,
        act: "Callable[[Connection, builtins.list[int], int], Awaitable[T]]",
        **told: object,
    ) -> T | None:
        """Act on the dead letters that are meant, and note it in the audit; ``None`` if there are none."""
        async with self._connection() as connection:
            ids = await _chosen(connection, only, limit)
            if not ids:
                return None
            async with connection.transaction():
                details = {
                    **_described(only),
                    **{name: each for name, each in told.items() if each is not None},
                }
                whose = await _whose(connection, ids)
                entry = await add_entry(connection, action, author, subscriber=whose, details=details)
                return await act(connection, ids, entry)

    @asynccontextmanager
    async def _connection(self) -> "AsyncGenerator[Connection, None]":
        if not isinstance(self._database, str):
            yield self._database
            return
        connection = await connect(self._database)
        try:
            yield connection
        finally:
            await connection.close()


def seconds_between(rate: float | None) -> float:
    """Return the time between two events of a replay, by how many become due in a second; 0 for ``None``.

    Raises:
        ConfigurationError: the rate is not above 0.
    """
    if rate is not None and not rate > 0:
        raise ConfigurationError(f"{rate:g} is no rate of a replay: write events a second, above 0.")
    return 0.0 if rate is None else 1 / rate


async def _chosen(connection: "Connection", only: DeadLetterFilter | None, limit: int | None) -> list[int]:
    """Return the ids of the dead letters that a filter means."""
    await check_migrated(connection)
    only = only or DeadLetterFilter()
    if only.subscriber is not None:
        await require_subscription(connection, only.subscriber)
    domain, name = (None, None) if only.subscriber is None else (only.subscriber.domain, only.subscriber.name)
    filters = (only.event_type, only.reason, only.since, only.error)
    values = (list(only.ids) or None, domain, name, *filters, limit)
    return [row["id"] for row in await connection.fetch(statement("dead_letter/choose"), *values)]


async def _whose(connection: "Connection", ids: list[int]) -> SubscriberName | None:
    """Return the one subscriber whose dead letters they are; ``None`` for several, if that may be."""
    rows = await connection.fetch(statement("dead_letter/subscribers"), ids)
    found = [SubscriberName(row["domain"], row["name"]) for row in rows]
    if len(found) > 1:
        await require_operator(connection, found)
    return found[0] if len(found) == 1 else None


def _described(only: DeadLetterFilter) -> dict[str, object]:
    """Return the fields that restrict, for the audit; what a handler wrote stays out of it."""
    values = {each.name: getattr(only, each.name) for each in fields(only)}
    if only.error is not None:
        values["error"] = only.error.partition(":")[0]
    return {name: value for name, value in values.items() if value and name != "subscriber"}


def _with_subscriber(kind: Callable[..., T], row: "Record") -> T:
    values = dict(row)
    return kind(subscriber=SubscriberName(values.pop("domain"), values.pop("name")), **values)
