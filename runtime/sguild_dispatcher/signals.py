"""SIGTERM and SIGINT as a wish to stop, for as long as a worker runs in the main thread.

The first one counts; further ones change nothing.
"""

import asyncio
import signal
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, Final

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

# Several workers of one loop share the handlers: a signal stops all of them, and the last one restores.
_stops: list[Callable[[], None]] = []
_former: dict[signal.Signals, Any] = {}


class _Process:
    """What is known of this process: whether it ends with its worker, and whether a signal asked for that."""

    ends_with_worker = False
    was_asked = False


@contextmanager
def ending_process() -> Generator[None, None, None]:
    """Say that the process ends with the worker that runs inside the block.

    When a signal ended the worker, one more does not kill the process, which would change its exit code: it
    ends it with 0.
    """
    _Process.ends_with_worker = True
    try:
        yield
    finally:
        _Process.ends_with_worker = False


@contextmanager
def stopped_by_signals(stop: Callable[[], None]) -> Generator[None, None, None]:
    """Call ``stop`` on SIGTERM and SIGINT inside the block; former handlers are restored after it.

    In another thread than the main one, where Python has no signals, nothing is installed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    if not _stops:
        _install(loop)
    _stops.append(stop)
    try:
        yield
    finally:
        _stops.remove(stop)
        if not _stops:
            _restore(loop)


def _install(loop: asyncio.AbstractEventLoop) -> None:
    _Process.was_asked = False
    for each in SIGNALS:
        _former[each] = signal.getsignal(each)
        loop.add_signal_handler(each, _stop_all)


def _restore(loop: asyncio.AbstractEventLoop) -> None:
    for each, former in _former.items():
        loop.remove_signal_handler(each)
        if _Process.ends_with_worker and _Process.was_asked:
            signal.signal(each, _leave)
        else:
            # None stands for a handler that was not installed from Python; it cannot be put back.
            signal.signal(each, signal.SIG_DFL if former is None else former)
    _former.clear()


def _leave(*_: object) -> None:
    sys.exit(0)


def _stop_all() -> None:
    _Process.was_asked = True
    for stop in tuple(_stops):
        stop()
