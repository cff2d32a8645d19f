"""SIGTERM and SIGINT as a wish to stop, for as long as a worker runs in the main thread."""

import asyncio
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, Final

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

# Several workers of one loop share the handlers: a signal stops all of them, and the last one restores.
_stops: list[Callable[[], None]] = []
_former: dict[signal.Signals, Any] = {}


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
    for each in SIGNALS:
        _former[each] = signal.getsignal(each)
        loop.add_signal_handler(each, _stop_all)


def _restore(loop: asyncio.AbstractEventLoop) -> None:
    for each, former in _former.items():
        loop.remove_signal_handler(each)
        # None stands for a handler that was not installed from Python; it cannot be put back.
        signal.signal(each, signal.SIG_DFL if former is None else former)
    _former.clear()


def _stop_all() -> None:
    for stop in tuple(_stops):
        stop()
