"""Connections of asyncpg, also those that a pool hands out as proxies."""

from typing import Any


def can_be_joined(connection: Any) -> bool:
    """Tell whether a transaction is open; asyncpg opens none by itself."""
    return bool(connection.is_in_transaction())


async def execute(connection: Any, text: str, *values: object) -> None:
    """Run a statement with parameters."""
    await connection.execute(text, *values)


async def fetch(connection: Any, text: str, *values: object) -> list[Any]:
    """Run a statement with parameters and return its rows."""
    rows: list[Any] = await connection.fetch(text, *values)
    return rows


def is_busy(connection: Any) -> bool:
    """Tell whether a transaction is open, without asking the server."""
    from asyncpg import InterfaceError

    try:
        return bool(connection.is_in_transaction())
    except InterfaceError:  # a proxy that went back to its pool
        return False
