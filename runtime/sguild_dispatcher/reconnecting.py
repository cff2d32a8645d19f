"""How a worker comes back to a database that is away: it waits longer and longer, and says so once."""

import asyncio
import logging
import random
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Final

from sguild_dispatcher.errors import DatabaseUnavailableError
from sguild_dispatcher.retries import RetryPolicy

_log: Final = logging.getLogger(__name__)

WAITS: Final = RetryPolicy(base=0.1, cap=30.0)
"""The upper limits of the waits between two attempts, in seconds; full jitter keeps many workers apart."""

STEADY_SECONDS: Final = 2.0
"""How long a connection has to stand at least, to be a success."""


class Reconnecting:
    """What is known of the attempts to keep a connection.

    A connection is a success when it has stood for some time, and for longer than the last wait may have
    been: a database whose disk is full lets everybody in, and then fails.

    Args:
        name: the subscriber's full name.
        fields: what log records have beside their code.
    """

    def __init__(self, name: str, fields: Mapping[str, object]) -> None:
        self._name = name
        self._fields = fields
        self._failures = 0

    def lost(self, error: DatabaseUnavailableError) -> float:
        """Take a failure, and return how many seconds to wait before the next attempt."""
        self._failures += 1
        if self._failures == 1:
            _log.warning(
                "%s: %s Trying again, at least every %.0f s.",
                self._name,
                error,
                WAITS.cap,
                extra={"code": "reconnecting", **self._fields},
            )
        return random.uniform(0, WAITS.limit(self._failures))  # noqa: S311 - no secret

    @contextmanager
    def connected(self) -> Generator[None, None, None]:
        """Watch a connection that stands for the length of the block."""
        seconds = max(STEADY_SECONDS, WAITS.limit(self._failures))
        timer = asyncio.get_running_loop().call_later(seconds, self._recover)
        try:
            yield
        finally:
            timer.cancel()

    def _recover(self) -> None:
        if self._failures:
            _log.info(
                "%s: connected again, after %d attempts",
                self._name,
                self._failures,
                extra={"code": "reconnected", **self._fields, "attempts": self._failures},
            )
        self._failures = 0
