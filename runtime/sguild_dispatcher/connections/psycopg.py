"""Connections of psycopg 3, with and without asyncio."""

from typing import Any


def can_be_joined(connection: Any) -> bool:
    """Tell whether what runs next is part of a transaction; outside of autocommit, psycopg begins one."""
    return not connection.autocommit or _status(connection) != "IDLE"


async def execute(connection: Any, text: str, *values: object) -> None:
    """Run a statement with parameters."""
    # Raw cursors take ``$1``, and are no concern of the row factory that the caller chose.
    from psycopg import AsyncRawCursor

    async with AsyncRawCursor(connection) as cursor:
        await cursor.execute(text.encode(), values)


def execute_sync(connection: Any, text: str, *values: object) -> None:
    """Run a statement with parameters."""
    from psycopg import RawCursor

    with RawCursor(connection) as cursor:
        cursor.execute(text.encode(), values)


async def fetch(connection: Any, text: str, *values: object) -> list[Any]:
    """Run a statement with parameters and return its rows."""
    from psycopg import AsyncRawCursor
    from psycopg.rows import tuple_row

    async with AsyncRawCursor(connection, row_factory=tuple_row) as cursor:
        await cursor.execute(text.encode(), values)
        return await cursor.fetchall()


def fetch_sync(connection: Any, text: str, *values: object) -> list[Any]:
    """Run a statement with parameters and return its rows."""
    from psycopg import RawCursor
    from psycopg.rows import tuple_row

    with RawCursor(connection, row_factory=tuple_row) as cursor:
        cursor.execute(text.encode(), values)
        return cursor.fetchall()


def is_busy(connection: Any) -> bool:
    """Tell whether a transaction is open, without asking the server."""
    return not connection.closed and _status(connection) != "IDLE"


def _status(connection: Any) -> str:
    name: str = connection.info.transaction_status.name
    return name
