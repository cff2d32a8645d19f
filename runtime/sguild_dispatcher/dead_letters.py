"""Dead letters: events that a subscriber could not take, kept until a person replays or discards them.

::

    letters = DeadLetters("postgresql://...")
    for letter in await letters.list(DeadLetterFilter(reason="handler_failed")):
        ...
    await letters.replay(DeadLetterFilter(id=letter.id), actor="ada", reason="the mail server is back")
"""

import builtins
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, cast

from sguild_dispatcher.clock import Clock, system_clock
from sguild_dispatcher.database import connect
from sguild_dispatcher.errors import ConfigurationError, DeadLetterFilterError, UnknownDeadLetterError
from sguild_dispatcher.migrations import check_migrated
from sguild_dispatcher.reading import REASONS, Reason
from sguild_dispatcher.retries import shown_detail
from sguild_dispatcher.statements import statement
from sguild_dispatcher.subscriptions import SubscriberName, require_subscription

if TYPE_CHECKING:
    import asyncpg

    from sguild_dispatcher.database import Connection

_LARGEST_ID: Final = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterFilter:
    """Which dead letters are meant: those that all given fields agree with; an empty filter means every one.

    Raises:
        DeadLetterFilterError: a field has a value that no dead letter can have.
    """

    id: int | None = None
    subscriber: SubscriberName | None = None
    event_type: str | None = None
    reason: Reason | None = None

    def __post_init__(self) -> None:
        if self.reason is not None and self.reason not in REASONS:
            raise DeadLetterFilterError(
                f"{self.reason!r} is no reason of a dead letter; the reasons are {', '.join(REASONS)}."
            )
        if self.id is not None and not 1 <= self.id <= _LARGEST_ID:
            raise DeadLetterFilterError(
                f"{self.id} is no id of a dead letter: `dead-letters list` shows the ids."
            )

    @property
    def is_empty(self) -> bool:
        """Tell whether every dead letter is meant."""
        return self == DeadLetterFilter()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A dead letter without the event's body.

    ``attempts`` counts the deliveries since the first failure or the last replay, ``replays`` the replays.
    ``detail`` may quote the payload if ``reason`` is ``handler_failed``: it begins with the class of the
    handler's exception, and its message follows. ``shown_detail`` leaves that message out.
    """

    id: int
    subscriber: SubscriberName
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
    first_failed_at: datetime
    last_failed_at: datetime

    @property
    def shown_detail(self) -> str:
        """What may be logged and listed of ``detail``: of a handler's exception, only the class."""
        return shown_detail(self.reason, self.detail)


class DeadLetters:
    """The dead letters of one database.

    Args:
        database: a DSN, or an open asyncpg connection; in an open transaction the changes become part of it.
        clock: only tests replace it.
    """

    def __init__(self, database: "str | Connection", *, clock: Clock = system_clock) -> None:
        self._database = database
        self._clock = clock

    async def list(self, only: DeadLetterFilter | None = None) -> "builtins.list[DeadLetter]":
        """Return the dead letters, those of one subscriber together and in the order of the log.

        Raises:
            UnknownSubscriptionError: the filter names a subscriber that was never registered.
            DatabaseUnavailableError, NotMigratedError: the database is not ready.
        """
        async with self._connection() as connection:
            await _check(connection, only)
            rows = await connection.fetch(statement("list_dead_letters"), *_parameters(only))
        return [_dead_letter(row) for row in rows]

    async def count(self, only: DeadLetterFilter | None = None) -> int:
        """Return how many dead letters a filter means; raises as :meth:`list`."""
        async with self._connection() as connection:
            await _check(connection, only)
            return cast("int", await connection.fetchval(statement("count_dead_letters"), *_parameters(only)))

    async def show(self, identifier: int) -> tuple[DeadLetter, str]:
        """Return one dead letter, and the exact text of the event: its payload may hold personal data.

        Raises:
            UnknownDeadLetterError: there is none with that id.
        """
        async with self._connection() as connection:
            await check_migrated(connection)
            row = await connection.fetchrow(
                statement("list_dead_letters"), *_parameters(DeadLetterFilter(id=identifier))
            )
            body = await connection.fetchval(statement("load_dead_letter_body"), identifier)
        if row is None or body is None:
            raise UnknownDeadLetterError(
                f"There is no dead letter {identifier}: `sguild-dispatcher dead-letters list` shows all."
            )
        return _dead_letter(row), body

    async def replay(self, only: DeadLetterFilter, *, actor: str, reason: str = "") -> int:
        """Let the worker deliver dead letters again, from the first attempt on, and return how many.

        They are due at once, in the order of the log.

        Args:
            only: which ones; ``DeadLetterFilter()`` means all of them.
            actor: who does it, for the audit.
            reason: why, for the audit.

        Raises:
            UnknownSubscriptionError: the filter names a subscriber that was never registered.
        """
        return await self._act("replay_dead_letters", only, actor, reason, self._clock())

    async def discard(self, only: DeadLetterFilter, *, actor: str, reason: str = "") -> int:
        """Delete dead letters for good, and return how many; arguments and errors as :meth:`replay`."""
        return await self._act("discard_dead_letters", only, actor, reason)

    async def _act(self, name: str, only: DeadLetterFilter, actor: str, reason: str, *more: object) -> int:
        if not actor:
            raise ConfigurationError("The audit needs to know who replays or discards: name an actor.")
        async with self._connection() as connection:
            await _check(connection, only)
            values = (*_parameters(only), actor, reason, *more)
            return cast("int", await connection.fetchval(statement(name), *values))

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


async def _check(connection: "Connection", only: DeadLetterFilter | None) -> None:
    await check_migrated(connection)
    if only is not None and only.subscriber is not None:
        await require_subscription(connection, only.subscriber)


def _parameters(only: DeadLetterFilter | None) -> tuple[object, ...]:
    chosen = only or DeadLetterFilter()
    subscriber = chosen.subscriber
    domain, name = (None, None) if subscriber is None else (subscriber.domain, subscriber.name)
    return chosen.id, domain, name, chosen.event_type, chosen.reason


def _dead_letter(row: "asyncpg.Record") -> DeadLetter:
    values = dict(row)
    return DeadLetter(subscriber=SubscriberName(values.pop("domain"), values.pop("name")), **values)
