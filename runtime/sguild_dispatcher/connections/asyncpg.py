"""Connections of asyncpg, also those that a pool hands out as proxies."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from sguild_dispatcher.statements import statement


def can_be_joined(connection: Any) -> bool:
    """Tell whether a transaction is open; asyncpg opens none by itself."""
    return bool(connection.is_in_transaction())


async def execute(connection: Any, text: str, *values: object) -> None:
    """Run a statement with parameters."""
    await connection.execute(text, *values)


async def write_parts(connection: Any, statements: Iterator[Sequence[Any]]) -> None:
    """Run statements, each while the next one is made, under a savepoint: all of them, or none.

    Args:
        connection: in a transaction.
        statements: each a text and its parameters; what is raised for one undoes those before it.
    """
    await connection.execute(statement("savepoint/open"))
    running: asyncio.Task[Any] | None = None
    try:
        for each in statements:
            if running is not None:
                await running
            running = asyncio.create_task(connection.execute(*each))
            # The loop runs the task, and then sends what it has written.
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        if running is not None:
            await running
    except BaseException:
        if running is not None:
            await asyncio.gather(running, return_exceptions=True)
        await connection.execute(statement("savepoint/undo"))
        raise
    await connection.execute(statement("savepoint/release"))


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


def tell_ends(connection: Any, told: Callable[[object], None]) -> None:
    """Call ``told`` in the connection's loop whenever a statement has ended; other libraries tell nothing."""
    add = getattr(connection, "add_query_logger", None)
    if add is not None:
        add(told)


def no_longer_tell_ends(connection: Any, told: Callable[[object], None]) -> None:
    """Undo :func:`tell_ends`; a connection that went back to its pool has nothing to undo any more."""
    from asyncpg import InterfaceError

    with suppress(AttributeError, InterfaceError):
        connection.remove_query_logger(told)
