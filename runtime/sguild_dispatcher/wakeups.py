"""Waking workers after a commit, so that they need not wait for their next look at the log.

The business transaction itself notifies nobody: NOTIFY takes a lock at commit that all committing
sessions share. A :class:`Waker` watches the connections that published, without asking the server, and
notifies from a connection of its own when one of them has left its transaction. A wake-up carries no
payload and is only a hint; polling finds everything without it.
"""

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final, Self

import asyncpg

from sguild_dispatcher.database import connect
from sguild_dispatcher.errors import DatabaseUnavailableError, UnsupportedConnectionError
from sguild_dispatcher.statements import statement

if TYPE_CHECKING:
    from types import TracebackType

    from sguild_dispatcher.database import Connection

CHANNEL: Final = "sguild_dispatcher"
"""The channel that workers listen on."""

LOOK_SECONDS: Final = (0.002, 0.05)
"""How often watched connections are looked at: at first, and at last while their transactions stay open."""

DEBOUNCE_SECONDS: Final = 0.005
"""The shortest time between two notifications."""

_log: Final = logging.getLogger(__name__)


class Waker:
    """Notifies workers when watched connections leave their transactions.

    ::

        async with Waker(dsn) as waker:
            publisher = RevenuePublisher(waker=waker)

    It opens one connection of its own when it needs it. Nothing that fails in it reaches who publishes.

    Args:
        dsn: the database that is published to.
    """

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._watched: dict[int, Any] = {}
        self._armed = asyncio.Event()
        self._side: Connection | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None

    def watch(self, connection: object) -> None:
        """Notify when ``connection`` has left its open transaction; may be called from any thread.

        Raises:
            UnsupportedConnectionError: not a connection of asyncpg or psycopg.
        """
        _is_busy(connection)
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._arm, connection)

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        self._loop = None
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._side is not None:
            await self._side.close()

    def _arm(self, connection: object) -> None:
        self._watched[id(connection)] = connection
        self._armed.set()

    async def _run(self) -> None:
        while True:
            await self._armed.wait()
            await self._wait_for_an_end()
            await self._notify()
            await asyncio.sleep(DEBOUNCE_SECONDS)

    async def _wait_for_an_end(self) -> None:
        """Return when at least one watched connection has left its transaction."""
        seconds, longest = LOOK_SECONDS
        while True:
            watched = len(self._watched)
            for key, connection in list(self._watched.items()):
                if not _is_busy(connection):
                    del self._watched[key]
            if not self._watched:
                self._armed.clear()
            if len(self._watched) < watched:
                return
            await asyncio.sleep(seconds)
            seconds = min(seconds * 1.5, longest)

    async def _notify(self) -> None:
        try:
            if self._side is None or self._side.is_closed():
                self._side = await connect(self._dsn)
            await self._side.execute(statement("notify"), CHANNEL)
        except (DatabaseUnavailableError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            _log.warning("Workers were not woken (%s); they find the events at their next look.", error)


def _is_busy(connection: Any) -> bool:
    """Tell whether a transaction is open, by what the driver knows; a closed connection is idle."""
    driver = type(connection).__module__.partition(".")[0]
    if driver == "asyncpg":
        try:
            return bool(connection.is_in_transaction())
        except asyncpg.InterfaceError:
            return False
    if driver == "psycopg":
        return not connection.closed and connection.info.transaction_status.name != "IDLE"
    raise UnsupportedConnectionError(
        f"{type(connection).__module__}.{type(connection).__qualname__} cannot be watched: "
        "hand over an asyncpg or psycopg connection."
    )
