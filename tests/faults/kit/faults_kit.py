"""What the scenarios of faults share: services that note each effect, and publishers.

Lessons are the ordering keys. One transaction at a time publishes about a lesson, so that the order of its
events in the log is the one to keep.
"""

import asyncio
import logging
import multiprocessing.context
import multiprocessing.forkserver
import os
import random
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import asyncpg
import pytest

from deliveries_kit import KEYRING, NO_WAIT, SalesSubscriber, locked, publisher, until
from sample_contracts import CreditLockedV1, Event, LessonId
from sguild_dispatcher.context import request_context
from sguild_dispatcher.database import Connection
from sguild_dispatcher.migrations import migrate
from sguild_dispatcher.settings import Settings
from sguild_dispatcher.signing import Keyring
from sguild_dispatcher.subscriber import HandlerContext
from sguild_dispatcher.testing.postgres import create_database

CONNECTION_ERRORS: Final = (
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)

Report: TypeAlias = Callable[[str], None]
Mode: TypeAlias = Literal["transactional", "leased"]

_TABLES: Final = """
    create table effect (
        id bigint generated always as identity, subscriber text not null, event_id text not null,
        lesson text not null, number int not null
    );
    create index effect_subscriber on effect (subscriber);
    create table call (event_id text not null)
"""


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How much a scenario publishes and breaks; the seed makes its choices the same each time."""

    events: int
    faults: int = 0
    seed: int = 1

    def chance(self) -> random.Random:
        """Return what makes the choices."""
        return random.Random(self.seed)  # noqa: S311 - the same each time, on purpose


def scales(*, sample: Scale, full: Scale, versions: tuple[str, ...] = ("default",)) -> pytest.MarkDecorator:
    """Run a small sample on the default server, and all of it as a proof on each version of PostgreSQL."""
    every = [pytest.param(each, full, marks=pytest.mark.proof, id=f"all-{each}") for each in versions]
    return pytest.mark.parametrize(
        ("server", "scale"), [pytest.param("default", sample, id="sample"), *every], indirect=["server"]
    )


@dataclass(frozen=True)
class Scene:
    """What a scenario with processes needs."""

    scale: Scale
    report: Report
    keyring: Path


BOTH: Final = ("default", "postgres_15")
"""For what touches the semantics of SQL."""


# services


@dataclass(frozen=True, kw_only=True)
class Service:
    """A subscriber of sales that writes each event of credit.locked into ``effect``.

    Attributes:
        dsn: its own database.
        log_dsn: that of revenue's log, if it is another one.
        name: its name.
        mode: leased handlers write in a transaction of their own, guarded by a claim, and note each call.
        batch_size, lease_seconds: settings.
        handler_seconds: how long a handler takes.
    """

    dsn: str
    log_dsn: str | None = None
    name: str = "crm"
    mode: Mode = "transactional"
    batch_size: int = 25
    lease_seconds: float = 1.0
    handler_seconds: float = 0.0

    @property
    def where_log_is(self) -> str:
        """The DSN to publish to."""
        return self.log_dsn or self.dsn

    def settings(self) -> Settings:
        """Return settings that let it look at the log often."""
        return Settings(
            dsn=self.dsn,
            producer_dsns={} if self.log_dsn is None else {"revenue": self.log_dsn},
            batch_size=self.batch_size,
            poll_interval=0.02,
            lease_seconds=self.lease_seconds,
        )

    def subscriber(self, keyring: Keyring = KEYRING) -> SalesSubscriber:
        """Return a subscriber, which runs once."""
        subscriber = SalesSubscriber(self.name, settings=self.settings(), keyring=keyring, retry=NO_WAIT)
        if self.mode == "leased":
            subscriber.leased().on_credit_locked(self._call_out)
        else:
            subscriber.on_credit_locked(self._write)
        return subscriber

    async def _write(self, event: Event[CreditLockedV1], context: HandlerContext) -> None:
        await self.write_effect(context.connection, event)
        if self.handler_seconds:
            await asyncio.sleep(self.handler_seconds)

    async def _call_out(self, event: Event[CreditLockedV1], context: HandlerContext) -> None:
        connection: Connection = await asyncpg.connect(self.dsn)
        try:
            await connection.execute("insert into call (event_id) values ($1)", event.event_id)
            async with connection.transaction():
                if await context.claim(connection):
                    await self.write_effect(connection, event)
            if self.handler_seconds:
                await asyncio.sleep(self.handler_seconds)
        finally:
            await connection.close()

    async def write_effect(self, connection: Any, event: Event[CreditLockedV1]) -> None:
        """Write the effect of an event."""
        await connection.execute(
            "insert into effect (subscriber, event_id, lesson, number) values ($1, $2, $3, $4)",
            self.name,
            event.event_id,
            str(event.payload.lesson_id),
            event.payload.locked_credits,
        )


async def migrated_database(server: str) -> str:
    """Create a database with the dispatcher's schema and what the services write to, and return its DSN."""
    dsn = await create_database(server)
    connection: Connection = await asyncpg.connect(dsn)
    await migrate(connection)
    await connection.execute(_TABLES)
    await connection.close()
    return dsn


@asynccontextmanager
async def running(*subscribers: SalesSubscriber) -> AsyncIterator[list["asyncio.Task[None]"]]:
    """Run subscribers for the length of a block; whatever ends one of them early is raised at its end."""
    tasks = [asyncio.create_task(each.run()) for each in subscribers]
    try:
        yield tasks
    finally:
        for each in subscribers:
            await each.stop()
        await asyncio.wait_for(asyncio.gather(*tasks), 30)


async def started(dsn: str, partitions: int) -> None:
    """Wait until so many partitions are delivered, those of all subscribers together."""
    connection: Connection = await asyncpg.connect(dsn)

    async def condition() -> bool:
        owned = await connection.fetchval("select count(*) from sguild_dispatcher.partition_owner")
        return bool(owned == partitions)

    await until(condition)
    await connection.close()


@cache
def _processes() -> multiprocessing.context.ForkServerContext:
    """Return what starts processes that have imported everything already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["faults_kit"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        multiprocessing.forkserver.ensure_running()
    return context


def _work(service: Service, keyring: Path) -> None:
    logging.disable()
    asyncio.run(service.subscriber(Keyring.from_file(keyring)).run())


class Fleet:
    """Processes that run one service."""

    def __init__(self, service: Service, keyring: Path) -> None:
        self._service = service
        self._keyring = keyring
        self.running: list[multiprocessing.context.ForkServerProcess] = []

    def start(self) -> None:
        """Start one more."""
        process = _processes().Process(target=_work, args=(self._service, self._keyring), daemon=True)
        process.start()
        self.running.append(process)

    def kill(self, process: multiprocessing.context.ForkServerProcess) -> None:
        """End one without any notice."""
        assert process.is_alive(), f"a worker ended by itself with {process.exitcode}"
        self.running.remove(process)
        process.kill()
        process.join()
        process.close()

    def pause(self, process: multiprocessing.context.ForkServerProcess) -> None:
        """Stop one where it stands, until :meth:`go_on`."""
        assert process.pid is not None
        os.kill(process.pid, signal.SIGSTOP)

    def go_on(self, process: multiprocessing.context.ForkServerProcess) -> None:
        """Let it go on, unaware of the time that has passed."""
        assert process.pid is not None
        os.kill(process.pid, signal.SIGCONT)


@asynccontextmanager
async def fleet(service: Service, keyring: Path, processes: int, partitions: int) -> AsyncIterator[Fleet]:
    """Run a service in so many processes; those that are left at the end of the block are killed."""
    workers = Fleet(service, keyring)
    try:
        for _ in range(processes):
            workers.start()
        await started(service.where_log_is, partitions)
        yield workers
    finally:
        for each in list(workers.running):
            workers.kill(each)


# publishing


class Lessons:
    """The ordering keys: whoever publishes about one takes it until his transaction has ended."""

    def __init__(self, number: int) -> None:
        self._free = [str(LessonId.mint()) for _ in range(number)]

    def take(self, chance: random.Random, number: int) -> list[str]:
        """Take some that nobody else has."""
        return [
            self._free.pop(chance.randrange(len(self._free))) if self._free else str(LessonId.mint())
            for _ in range(number)
        ]

    def give_back(self, lessons: Iterable[str]) -> None:
        """Let others have them; not after a commit of which nobody knows whether it happened."""
        self._free.extend(lessons)


@dataclass(kw_only=True)
class Publishing:
    """What publishers did; all of them share it.

    Attributes:
        lessons: the ordering keys.
        acknowledged: the ids of events whose commit the server confirmed.
        rolled_back: how many events were rolled back on purpose.
        unknown: how many transactions were lost with their connection, so that they were done again.
        numbers: tells the events apart.
    """

    lessons: Lessons = field(default_factory=lambda: Lessons(60))
    acknowledged: set[str] = field(default_factory=set[str])
    rolled_back: int = 0
    unknown: int = 0
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    async def transaction(
        self,
        connection: Connection,
        chance: random.Random,
        *,
        events: int,
        hold: float = 0,
        undo: Literal["nothing", "a part", "all"] = "nothing",
    ) -> None:
        """Publish events in one transaction.

        Args:
            connection: where none is open.
            chance: chooses the lessons.
            events: how many.
            hold: seconds for which the transaction stays open after the first of its events.
            undo: what is rolled back, ``a part`` by a savepoint.
        """
        lessons = self.lessons.take(chance, 1 + events // 4)
        payloads = [locked(next(self.numbers), lesson=chance.choice(lessons)) for _ in range(events)]
        ids: list[str] = []
        transaction = connection.transaction()
        with request_context(tenant_id="tenant-1"):
            await transaction.start()
            ids += await publisher().publish_many(connection, payloads[:1])
            await asyncio.sleep(hold)
            if undo == "a part":
                await self._savepoint(connection, locked(next(self.numbers), lesson=lessons[0]))
            ids += await publisher().publish_many(connection, payloads[1:])
        if undo == "all":
            await transaction.rollback()
            self.rolled_back += len(ids)
        else:
            await transaction.commit()
            self.acknowledged.update(ids)
        self.lessons.give_back(lessons)

    async def _savepoint(self, connection: Connection, payload: CreditLockedV1) -> None:
        savepoint = connection.transaction()
        await savepoint.start()
        await publisher().publish(connection, payload)
        await savepoint.rollback()
        self.rolled_back += 1

    async def at_random(
        self, dsn: str, chance: random.Random, *, enough: Callable[[], bool], pause: float = 0.0
    ) -> None:
        """Publish, roll back and hold transactions open until a condition holds.

        A lost connection is opened again. What was not confirmed is published anew, about another lesson: the
        former transaction may still be on its way to its commit.
        """
        connection: Connection | None = None
        while not enough():
            try:
                if connection is None or connection.is_closed():
                    connection = await asyncpg.connect(dsn, timeout=10)
                await self.transaction(
                    connection,
                    chance,
                    events=chance.randint(1, 20),
                    hold=chance.choice([0, 0, 0, chance.uniform(0, 0.1)]),
                    undo=chance.choice(["nothing", "nothing", "nothing", "a part", "all"]),
                )
            except CONNECTION_ERRORS as error:
                if connection is not None and not connection.is_closed() and not is_server_gone(error):
                    raise
                self.unknown += 1
                if connection is not None:
                    connection.terminate()
                    connection = None
                await asyncio.sleep(0.05)
            await asyncio.sleep(pause)
        if connection is not None:
            await connection.close(timeout=10)


def is_server_gone(error: BaseException) -> bool:
    """Tell whether an error says that the server cannot be reached just now."""
    return isinstance(error, OSError) or str(getattr(error, "sqlstate", "")).startswith(("08", "57"))
