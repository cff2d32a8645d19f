"""procrastinate, on its connector for psycopg 3; it has one consumer a job, and no signatures or schemas."""

import importlib
import json
from typing import Any, Self

from transport_load import BATCH, BODY
from transport_timing import timed

from sguild_dispatcher.testing.postgres import create_database

_CONCURRENCY = 10
"""Jobs at the same time; its default is 1, which is about as fast where a job does nothing."""


class Procrastinate:
    """A database of its own."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn

    @classmethod
    async def create(cls, server: str) -> Self:
        """Make the database on the server."""
        dsn = await create_database(server)
        app, _ = _app(dsn)
        async with app.open_async():
            await app.schema_manager.apply_schema_async()
        return cls(dsn)

    async def publish_jobs(self, count: int) -> None:
        """Defer jobs, as many as there are to be."""
        app, task = _app(self.dsn)
        payload = {"event": json.loads(BODY)}
        async with app.open_async():
            for first in range(0, count, BATCH):
                await task.batch_defer_async(*[payload] * min(BATCH, count - first))

    async def deliver(self) -> float:
        """Run jobs that do nothing until none is left, and return the seconds."""
        app, _ = _app(self.dsn)
        async with app.open_async():
            return await timed(
                app.run_worker_async(
                    wait=False, concurrency=_CONCURRENCY, install_signal_handlers=False, listen_notify=False
                )
            )


def _app(dsn: str) -> tuple[Any, Any]:
    module = importlib.import_module("procrastinate")
    app = module.App(connector=module.PsycopgConnector(conninfo=dsn, min_size=1, max_size=_CONCURRENCY + 2))
    return app, app.task(name="credit.released")(_ignore)


async def _ignore(event: Any) -> None:
    """Do nothing; procrastinate gives arguments by their names."""
