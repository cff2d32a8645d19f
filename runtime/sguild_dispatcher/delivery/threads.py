"""Threads for handlers that are plain functions.

A thread cannot be stopped, so a handler that hangs keeps its thread for good. An executor has a number of
threads that such handlers use up, and a process waits for them at its end. Here one more is started whenever
none is idle, and none keeps the process from ending. A thread that has done its call waits for the next one,
since libraries keep things by thread, as Django does a connection.
"""

import asyncio
import contextvars
import itertools
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class _Call:
    """A call, and who waits for it."""

    function: Callable[[], Any]
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[tuple[Any, BaseException | None]]"

    def run(self) -> tuple[Any, BaseException | None]:
        """Make the call; an outcome rather than an exception, since a future takes no ``StopIteration``."""
        try:
            return self.function(), None
        except BaseException as error:  # noqa: BLE001 - it is raised where the call is waited for
            return None, error

    def settle(self, outcome: tuple[Any, BaseException | None]) -> None:
        """Tell the outcome, in the loop's own thread, if anybody still waits for it."""
        if not self.future.done():
            self.future.set_result(outcome)


class HandlerThreads:
    """As many threads as there are calls at once, those that hang included."""

    def __init__(self) -> None:
        self._idle: deque[SimpleQueue[_Call]] = deque()
        self._numbers = itertools.count(1)

    async def run(self, function: Callable[..., Any], *arguments: object) -> Any:
        """Call a function in a thread, with the task's context variables, and return what it returns."""
        context = contextvars.copy_context()
        loop = asyncio.get_running_loop()
        call = _Call(lambda: context.run(function, *arguments), loop, loop.create_future())
        self._thread().put(call)
        result, error = await call.future
        if error is not None:
            raise error
        return result

    def _thread(self) -> "SimpleQueue[_Call]":
        try:
            return self._idle.pop()
        except IndexError:
            calls: SimpleQueue[_Call] = SimpleQueue()
            name = f"sguild-dispatcher-handler-{next(self._numbers)}"
            threading.Thread(target=self._work, args=(calls,), name=name, daemon=True).start()
            return calls

    def _work(self, calls: "SimpleQueue[_Call]") -> None:
        while True:
            self._do(calls.get(), calls)

    def _do(self, call: _Call, calls: "SimpleQueue[_Call]") -> None:
        outcome = call.run()
        # Idle first: who is told of the outcome may have the next call at once.
        self._idle.append(calls)
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            call.loop.call_soon_threadsafe(call.settle, outcome)


THREADS: Final = HandlerThreads()
"""Those of the process."""
