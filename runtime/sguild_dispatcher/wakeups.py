"""Waking workers after a commit, so that they need not wait for their next look at the log.

The business transaction itself notifies nobody: NOTIFY takes a lock at commit that all committing
sessions share. A :class:`Waker` watches the connections that published, without asking the server, and
notifies from a connection of its own when one of them has left its transaction. A wake-up carries no
payload and is only a hint; polling finds everything without it.
"""

import asyncio
import logging
import os
from concurrent.futures import Future
from contextlib import suppress
from threading import Lock, Thread, current_thread
from typing import TYPE_CHECKING, Any, Final, Self

import asyncpg

from sguild_dispatcher.connections import is_busy
from sguild_dispatcher.connections.asyncpg import no_longer_tell_ends, tell_ends
from sguild_dispatcher.database import connect
from sguild_dispatcher.errors import DatabaseUnavailableError
from sguild_dispatcher.statements import statement
from sguild_dispatcher.telemetry.errors import error_type

if TYPE_CHECKING:
    from types import TracebackType

    from sguild_dispatcher.database import Connection

CHANNEL: Final = "sguild_dispatcher"
"""The channel that workers listen on."""

LOOK_SECONDS: Final = (0.001, 0.05)
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
        self._look = asyncio.Event()
        self._side: Connection | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: Thread | None = None
        self._resting = False
        self._task: asyncio.Task[None] | None = None

    def watch(self, connection: object) -> None:
        """Notify when ``connection`` has left its open transaction; may be called from any thread.

        Publishers call it with the driver's connection, whatever library it was reached through.

        Raises:
            UnsupportedConnectionError: not a connection of asyncpg or psycopg.
        """
        is_here = current_thread() is self._thread
        if is_here and id(connection) in self._watched:
            return
        is_busy(connection)
        loop = self._loop
        if loop is None:
            return
        if is_here:
            if not self._resting:
                # asyncpg tells of each statement that has ended, and so of the transaction's end at once.
                tell_ends(connection, self._on_statement)
            self._arm(connection)
            return
        with suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(self._arm, connection)

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._thread = current_thread()
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        self._loop = None
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for each in self._watched.values():
            no_longer_tell_ends(each, self._on_statement)
        if self._side is not None:
            await self._side.close()

    def _arm(self, connection: object) -> None:
        self._watched[id(connection)] = connection
        self._armed.set()

    def _on_statement(self, _: object) -> None:
        self._look.set()

    async def _run(self) -> None:
        while True:
            await self._armed.wait()
            await self._wait_for_an_end()
            await self._notify()
            self._resting = True
            await asyncio.sleep(DEBOUNCE_SECONDS)
            self._resting = False

    async def _wait_for_an_end(self) -> None:
        """Return when at least one watched connection has left its transaction."""
        seconds, longest = LOOK_SECONDS
        while True:
            watched = len(self._watched)
            for key, connection in list(self._watched.items()):
                if not is_busy(connection):
                    del self._watched[key]
                    no_longer_tell_ends(connection, self._on_statement)
            if not self._watched:
                self._armed.clear()
            if len(self._watched) < watched:
                return
            await self._pause(seconds)
            seconds = min(seconds * 1.5, longest)

    async def _pause(self, seconds: float) -> None:
        """Wait until the time passes, or a statement has ended."""
        self._look.clear()
        timer = asyncio.get_running_loop().call_later(seconds, self._look.set)
        await self._look.wait()
        timer.cancel()

    async def _notify(self) -> None:
        try:
            if self._side is None or self._side.is_closed():
                self._side = await connect(self._dsn)
            await self._side.execute(statement("notify"))
        except (DatabaseUnavailableError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            _log_not_woken(error)


def _log_not_woken(error: Exception) -> None:
    _log.warning(
        "Workers were not woken (%s); they find the events at their next look.",
        error,
        extra={"code": "workers-not-woken", "error": error_type(error)},
    )


class SyncWaker:
    """As :class:`Waker`, for code without asyncio: a thread of its own watches and notifies.

    ::

        waker = SyncWaker(dsn)                              # once a process
        publisher = RevenueSyncPublisher(waker=waker)

    The thread starts with the first event, in the process that publishes it: a server may fork after it has
    loaded the application. It ends with the process, or earlier with :meth:`close`.

    Args:
        dsn: the database that is published to.
    """

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._starting = Lock()
        self._thread: _WakerThread | None = None
        self._closed = False

    def watch(self, connection: object) -> None:
        """Notify when ``connection`` has left its open transaction; may be called from any thread.

        Raises:
            UnsupportedConnectionError: not a connection of asyncpg or psycopg.
        """
        thread = self._thread
        if thread is None or thread.process != os.getpid():
            thread = self._start()
        if thread is not None:
            thread.waker.watch(connection)

    def close(self) -> None:
        """End the thread; what is watched afterwards notifies nobody."""
        with self._starting:
            self._closed = True
            thread, self._thread = self._thread, None
        if thread is not None and thread.process == os.getpid():
            thread.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        self.close()

    def _start(self) -> "_WakerThread | None":
        with self._starting:
            if not self._closed and (self._thread is None or self._thread.process != os.getpid()):
                try:
                    self._thread = _WakerThread(self._dsn)
                except (RuntimeError, OSError) as error:  # no more threads, or no more files
                    _log_not_woken(error)
            return self._thread


class _WakerThread:
    """A thread with an event loop and a waker in it, both of which run when the constructor returns."""

    def __init__(self, dsn: str) -> None:
        self.process = os.getpid()
        self._dsn = dsn
        self._end = asyncio.Event()
        self._started: Future[tuple[Waker, asyncio.AbstractEventLoop]] = Future()
        # A daemon: a wake-up is only a hint, and keeps no process from ending.
        self._thread = Thread(target=self._run, name="sguild-dispatcher-waker", daemon=True)
        self._thread.start()
        self.waker, self._loop = self._started.result()

    def end(self) -> None:
        """Return when the thread has ended."""
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except OSError as error:
            if self._started.done():
                raise
            self._started.set_exception(error)

    async def _serve(self) -> None:
        async with Waker(self._dsn) as waker:
            self._started.set_result((waker, asyncio.get_running_loop()))
            await self._end.wait()
