"""pgqueuer, on the driver for asyncpg; it has one consumer a job, and no signatures or schemas."""

import asyncio
import importlib
import time
from contextlib import AsyncExitStack
from typing import Any, Self

from transport_load import BATCH, BODY
from transport_own import connected
from transport_timing import SETTLING_SECONDS, steadily, timed, until

from sguild_dispatcher.testing.postgres import create_database

_ENTRYPOINT = "credit.released"


class PgQueuer:
    """A database of its own.

    Args:
        dsn: the database.
        batch_size: jobs a fetch; its default is 10, which is half as fast; 1,000 are no faster.
    """

    def __init__(self, dsn: str, *, batch_size: int = 500) -> None:
        self.dsn = dsn
        self._batch_size = batch_size

    @classmethod
    async def create(cls, server: str) -> Self:
        """Make the database on the server."""
        dsn = await create_database(server)
        async with connected(dsn) as connection:
            await _queries(connection).install()
        return cls(dsn)

    async def publish(self, connections: int, count: int, *, joined: bool = True) -> float:
        """Enqueue one by one, each in a transaction of the caller's or (``joined``) by itself."""
        async with AsyncExitStack() as stack:
            opened = [await stack.enter_async_context(connected(self.dsn)) for _ in range(connections)]
            enqueue = self._enqueue_joined if joined else self._enqueue
            return await timed(*(enqueue(each, count // connections) for each in opened))

    async def _enqueue_joined(self, connection: Any, count: int) -> None:
        queries = _queries(connection)
        for _ in range(count):
            async with connection.transaction():
                await queries.enqueue(_ENTRYPOINT, BODY)

    async def _enqueue(self, connection: Any, count: int) -> None:
        queries = _queries(connection)
        for _ in range(count):
            await queries.enqueue(_ENTRYPOINT, BODY)

    async def publish_batches(self, batches: int) -> float:
        """Enqueue batches of 1,000, each in a transaction of the caller's."""
        async with connected(self.dsn) as connection:
            return await timed(self._enqueue_batches(connection, batches))

    async def _enqueue_batches(self, connection: Any, batches: int) -> None:
        queries = _queries(connection)
        for _ in range(batches):
            async with connection.transaction():
                await queries.enqueue([_ENTRYPOINT] * BATCH, [BODY] * BATCH, [0] * BATCH)

    async def deliver(self) -> float:
        """Run jobs that do nothing until none is left, and return the seconds."""
        async with connected(self.dsn) as connection:
            manager = _manager(connection)

            manager.entrypoint(_ENTRYPOINT)(_ignore)
            mode = importlib.import_module("pgqueuer.types").QueueExecutionMode.drain
            return await timed(manager.run(batch_size=self._batch_size, mode=mode))

    async def times(self, count: int, interval: float) -> list[float]:
        """Enqueue steadily while a worker runs, and return the seconds from each to its handler."""
        begun: dict[bytes, float] = {}
        taken: list[float] = []
        async with connected(self.dsn) as connection, connected(self.dsn) as other:
            manager = _manager(connection)

            async def note(job: Any) -> None:
                taken.append(time.perf_counter() - begun[job.payload])

            manager.entrypoint(_ENTRYPOINT)(note)
            worker = asyncio.create_task(manager.run(batch_size=self._batch_size))
            await asyncio.sleep(SETTLING_SECONDS)
            queries = _queries(other)

            async def send(number: int) -> None:
                body = BODY.replace(b"ice on the pitch", str(number).encode())
                begun[body] = time.perf_counter()
                async with other.transaction():
                    await queries.enqueue(_ENTRYPOINT, body)

            await steadily(send, count, interval)
            await until(lambda: len(taken) == count)
            manager.shutdown.set()
            await worker
        return taken


async def _ignore(_: Any) -> None:
    """Do nothing."""


def _queries(connection: Any) -> Any:
    driver = importlib.import_module("pgqueuer.db").AsyncpgDriver(connection)
    return importlib.import_module("pgqueuer.queries").Queries(driver)


def _manager(connection: Any) -> Any:
    return importlib.import_module("pgqueuer.qm").QueueManager(_queries(connection))
