"""A time limit for handlers that costs next to nothing while they keep it.

``asyncio.timeout`` arms and disarms a timer for each block, which takes longer than a small handler does.
Here one timer stays armed over many handlers, and looks at the deadline of the one that runs when it fires.
"""

import asyncio
import math
from types import TracebackType
from typing import Self


class HandlerTimeoutError(Exception):
    """A handler took longer than it may."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the handler took longer than {seconds:g} s")


class Watchdog:
    """Cancels the task at hand when a block takes too long; for one task, and one block after another.

    ::

        with watchdog(seconds):
            await handler(...)

    Raises:
        HandlerTimeoutError: from the block, in place of the cancellation.
    """

    def __init__(self) -> None:
        self._seconds = 0.0
        self._deadline: float | None = None
        self._task: asyncio.Task[object] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._fires_at = math.inf
        self._cancelling = 0
        self._expired = False

    def __call__(self, seconds: float) -> Self:
        """Set the limit of the next block."""
        self._seconds = seconds
        return self

    def __enter__(self) -> None:
        loop = asyncio.get_running_loop()
        self._task = task = asyncio.current_task(loop)
        if task is None:
            raise RuntimeError("A handler's time is limited inside a task only.")
        self._cancelling = task.cancelling()
        self._expired = False
        self._deadline = deadline = loop.time() + self._seconds
        if deadline < self._fires_at:
            self._arm(loop, deadline)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._deadline = None
        task, self._task = self._task, None
        if not self._expired or task is None:
            return
        # As asyncio.timeout does: when somebody else cancels the task at the same time, that one wins.
        if task.uncancel() <= self._cancelling and isinstance(error, asyncio.CancelledError):
            raise HandlerTimeoutError(self._seconds) from error

    def stop(self) -> None:
        """Disarm the timer; another block arms it again."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._fires_at = math.inf

    def _arm(self, loop: asyncio.AbstractEventLoop, moment: float) -> None:
        self.stop()
        self._fires_at = moment
        self._timer = loop.call_at(moment, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        self._fires_at = math.inf
        if self._deadline is None or self._task is None:
            return
        if loop.time() < self._deadline:
            self._arm(loop, self._deadline)
            return
        self._expired = True
        self._task.cancel()
