"""The one clock: emission windows and ``occurred_at`` are read from it, and only tests replace it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeAlias

Clock: TypeAlias = Callable[[], datetime]
"""Returns the present moment as an aware ``datetime``."""


def system_clock() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)
