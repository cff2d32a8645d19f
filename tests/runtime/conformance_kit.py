"""What the conformance suite needs of a transport, for PostgreSQL and for memory.

The tests publish, register, drain and look at dead letters as a service does. Only what services have no way
to do (to look at effects, to alter a row) is written twice, here.
"""

import itertools
from collections.abc import AsyncGenerator, Generator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext, suppress
from datetime import datetime
from typing import Any, Protocol

import asyncpg
import psycopg

from deliveries_kit import KEYRING, NO_WAIT, SalesSubscriber, create_effects, failures, numbers
from sample_contracts import CreditLockedV1, Event
from sguild_dispatcher.database import Connection
from sguild_dispatcher.dead_letters import DeadLetterFilter, DeadLetters
from sguild_dispatcher.settings import Settings
from sguild_dispatcher.subscriber import HandlerContext
from sguild_dispatcher.subscriptions import SubscriberName, pause, resume, retire
from sguild_dispatcher.testing.memory import MemoryConnection, MemoryDatabase, MemoryDeadLetters

NAME = SubscriberName("sales", "crm")


class Transport(Protocol):
    """A database that events are published to and delivered from."""

    connection: Any
    """A connection for publishers."""

    async def connect(self) -> Any:
        """Return another connection for publishers."""
        ...

    def connect_sync(self) -> AbstractContextManager[Any]:
        """Connect without asyncio for the length of a block."""
        ...

    def subscriber(self, name: str = "crm", *, batch_size: int = 500, **options: Any) -> SalesSubscriber:
        """Return a subscriber that neither waits long nor reads the environment."""
        ...

    async def write(self, connection: Any, number: int) -> None:
        """Write an effect in the connection's transaction."""
        ...

    async def effects(self) -> list[int]:
        """Return the committed effects in order."""
        ...

    async def alter(self, column: str, value: object, event_id: str) -> None:
        """Change a stored row of the log, as an intruder might."""
        ...

    async def waiting(self) -> list[tuple[str, int, datetime | None]]:
        """Return state, attempts and next attempt of what failed, in the order of the log."""
        ...

    async def dead(self) -> list[tuple[str, str, int, int]]:
        """Return reason, detail, attempts and replays of the dead letters, in the order of the log."""
        ...

    async def replay(
        self, only: DeadLetterFilter, *, limit: int | None = None, rate: float | None = None
    ) -> int:
        """Replay dead letters."""
        ...

    async def discard(self, only: DeadLetterFilter) -> int:
        """Discard dead letters."""
        ...

    @property
    def letters(self) -> DeadLetters | MemoryDeadLetters:
        """The dead letters, as people have them."""
        ...

    async def audit(self) -> list[tuple[str, str, str, str]]:
        """Return action, event id, actor and reason of what was done."""
        ...

    async def retire(self) -> None:
        """Retire ``sales/crm``."""
        ...

    async def pause(self, *, paused: bool) -> None:
        """Pause ``sales/crm``, or let it go on."""
        ...


class PostgresTransport:
    """A database of PostgreSQL."""

    def __init__(self, dsn: str, connection: Connection) -> None:
        self.connection: Any = connection
        self._dsn = dsn
        self.letters: DeadLetters | MemoryDeadLetters = DeadLetters(dsn)
        self._opened: list[Connection] = [connection]

    @classmethod
    @asynccontextmanager
    async def open(cls, dsn: str) -> AsyncGenerator["PostgresTransport", None]:
        transport = cls(dsn, await asyncpg.connect(dsn))
        await create_effects(transport.connection)
        try:
            yield transport
        finally:
            for each in transport._opened:
                await each.close()

    async def connect(self) -> Any:
        self._opened.append(await asyncpg.connect(self._dsn))
        return self._opened[-1]

    @contextmanager
    def connect_sync(self) -> Generator[Any]:
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            yield connection

    def subscriber(self, name: str = "crm", *, batch_size: int = 500, **options: Any) -> SalesSubscriber:
        settings = Settings(dsn=self._dsn, batch_size=batch_size, poll_interval=0.05, lease_seconds=1)
        return _subscriber(name, settings, options)

    async def write(self, connection: Any, number: int) -> None:
        await connection.execute("insert into effect (number) values ($1)", number)

    async def effects(self) -> list[int]:
        return await numbers(self.connection)

    async def alter(self, column: str, value: object, event_id: str) -> None:
        await self.connection.execute(
            f"update sguild_dispatcher.event_log set {column} = $1 where event_id = $2",  # noqa: S608
            value,
            event_id,
        )

    async def waiting(self) -> list[tuple[str, int, datetime | None]]:
        return [
            (each["state"], each["attempts"], each["next_attempt_at"])
            for each in await failures(self.connection)
        ]

    async def dead(self) -> list[tuple[str, str, int, int]]:
        letters = await self.letters.list()
        return [(each.reason, each.detail, each.attempts, each.replays) for each in letters]

    async def replay(
        self, only: DeadLetterFilter, *, limit: int | None = None, rate: float | None = None
    ) -> int:
        done = await self.letters.replay(only, actor="ada", reason="mended", limit=limit, rate=rate)
        return done.count

    async def discard(self, only: DeadLetterFilter) -> int:
        return await self.letters.discard(only, actor="ada", reason="never mind")

    async def audit(self) -> list[tuple[str, str, str, str]]:
        rows = await self.connection.fetch(
            "select action, event_id, actor, reason from sguild_dispatcher.audit_entry as entry "
            "join sguild_dispatcher.audit_event on entry_id = entry.id order by entry.id, seq"
        )
        return [tuple(each) for each in rows]

    async def retire(self) -> None:
        await retire(self.connection, NAME)

    async def pause(self, *, paused: bool) -> None:
        await (pause if paused else resume)(self.connection, NAME)


class MemoryTransport:
    """A database in memory."""

    def __init__(self) -> None:
        self.database = MemoryDatabase()
        self.connection: Any = self.database.connection()
        self._keys = itertools.count()

    @property
    def letters(self) -> DeadLetters | MemoryDeadLetters:
        return self.database.dead_letters

    async def connect(self) -> MemoryConnection:
        return self.database.connection()

    def connect_sync(self) -> AbstractContextManager[Any]:
        return nullcontext(self.database.sync_connection())

    def subscriber(self, name: str = "crm", *, batch_size: int = 500, **options: Any) -> SalesSubscriber:
        settings = Settings(batch_size=batch_size, poll_interval=0.05, lease_seconds=1)
        return _subscriber(name, settings, {"connections": self.database, **options})

    async def write(self, connection: Any, number: int) -> None:
        connection.state["effect", next(self._keys)] = number

    async def effects(self) -> list[int]:
        return list(self.database.connection().state.values())

    async def alter(self, column: str, value: object, event_id: str) -> None:
        log = self.connection.tables.log
        with self.connection.joined() as transaction:
            for seq, row in log.committed.items():
                if row["event_id"] == event_id:
                    transaction.put(log, seq, {**row, column: value})

    async def waiting(self) -> list[tuple[str, int, datetime | None]]:
        failed = sorted(self.connection.tables.failed.committed.values(), key=lambda each: each.seq)
        attempts = [each.attempt for each in failed]
        return [(each.state, each.attempts, each.next_attempt_at) for each in attempts]

    async def dead(self) -> list[tuple[str, str, int, int]]:
        letters = await self.letters.list()
        return [(each.reason, each.detail, each.attempts, each.replays) for each in letters]

    async def replay(
        self, only: DeadLetterFilter, *, limit: int | None = None, rate: float | None = None
    ) -> int:
        done = await self.letters.replay(only, actor="ada", reason="mended", limit=limit, rate=rate)
        return done.count

    async def discard(self, only: DeadLetterFilter) -> int:
        return await self.letters.discard(only, actor="ada", reason="never mind")

    async def audit(self) -> list[tuple[str, str, str, str]]:
        return [(each.action, each.event_id, each.actor, each.reason) for each in self.database.audit]

    async def retire(self) -> None:
        self.database.retire(NAME)

    async def pause(self, *, paused: bool) -> None:
        (self.database.pause if paused else self.database.resume)(NAME)


def _subscriber(name: str, settings: Settings, options: dict[str, Any]) -> SalesSubscriber:
    return SalesSubscriber(name, settings=settings, **{"retry": NO_WAIT, "keyring": KEYRING, **options})


def recording(transport: Transport, subscriber: SalesSubscriber) -> None:
    """Let the subscriber write the number of each credit.locked as an effect."""

    @subscriber.on_credit_locked
    async def record(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        await transport.write(context.connection, event.payload.locked_credits)


async def recorder(transport: Transport, name: str = "crm", **options: Any) -> SalesSubscriber:
    """Return a registered subscriber that records."""
    subscriber = transport.subscriber(name, **options)
    recording(transport, subscriber)
    await subscriber.register()
    return subscriber


@asynccontextmanager
async def undone(connection: Any) -> AsyncGenerator[None, None]:
    """Open a transaction, or a savepoint in one, that an error rolls back at its end."""
    with suppress(_Undo):
        async with connection.transaction():
            yield
            raise _Undo


@contextmanager
def undone_sync(connection: Any) -> Generator[None]:
    """As :func:`undone`, without asyncio."""
    with suppress(_Undo), connection.transaction():
        yield
        raise _Undo


class _Undo(Exception):  # noqa: N818 - nothing is wrong
    """Ends a block."""
