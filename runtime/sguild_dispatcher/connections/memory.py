"""Connections of ``sguild_dispatcher.testing.memory``, which only tests import."""

from collections.abc import Sequence
from typing import Any


def is_busy(connection: Any) -> bool:
    """Tell whether a transaction is open; none is opened without being asked for."""
    return bool(connection.is_in_transaction())


async def execute(connection: Any, text: str, *values: object) -> None:
    """Run a statement with parameters."""
    await connection.execute(text, *values)


async def fetch(connection: Any, text: str, *values: object) -> Sequence[Any]:
    """Run a statement and return its rows."""
    rows: Sequence[Any] = await connection.fetch(text, *values)
    return rows


def execute_sync(connection: Any, text: str, *values: object) -> None:
    """Run a statement with parameters."""
    connection.execute(text, *values)


def fetch_sync(connection: Any, text: str, *values: object) -> Sequence[Any]:
    """Run a statement and return its rows."""
    rows: Sequence[Any] = connection.fetch(text, *values)
    return rows
