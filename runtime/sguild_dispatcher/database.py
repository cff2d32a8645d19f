"""Connecting to PostgreSQL, with errors that a user can act on."""

import os
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast
from urllib.parse import parse_qs, urlsplit

import asyncpg

from sguild_dispatcher.errors import DatabaseUnavailableError, SettingsError
from sguild_dispatcher.settings import PREFIX

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
else:
    Connection = asyncpg.Connection
    Pool = asyncpg.Pool

CONNECT_TIMEOUT: Final = 10.0
"""Seconds after which a server that does not answer counts as unavailable."""


async def connect(dsn: str) -> Connection:
    """Open a connection.

    Raises:
        SettingsError: ``dsn`` is no connection string.
        DatabaseUnavailableError: the server cannot be reached, or refuses the role or the database.
    """
    try:
        return await asyncpg.connect(dsn, timeout=CONNECT_TIMEOUT)
    except ValueError:
        # Among these is asyncpg's own complaint about a DSN, which quotes it: no cause is kept.
        raise SettingsError(
            "The DSN is no PostgreSQL connection string: write postgresql://USER@HOST:PORT/DATABASE."
        ) from None
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise DatabaseUnavailableError(
            f"The database at {place(dsn)} cannot be reached ({reason}): "
            f"check {PREFIX}DSN or --dsn, and that the server runs; for a try-out, "
            "`python -m sguild_dispatcher.testing start` starts one."
        ) from None


def place(dsn: str) -> str:
    """Return host, port and database of a DSN, without user, password and options."""
    parts = urlsplit(dsn)
    socket = parse_qs(parts.query).get("host", [os.environ.get("PGHOST", "localhost")])[0]
    return f"{parts.netloc.rpartition('@')[2] or socket}{parts.path}"


class ConnectionSource:
    """Where a worker takes its connection from: a pool of the caller, or a DSN."""

    def __init__(self, *, dsn: str | None = None, pool: Pool | None = None) -> None:
        self._dsn = dsn
        self._pool = pool

    async def acquire(self) -> Connection:
        """Return a connection that is open.

        Raises:
            DatabaseUnavailableError: the server cannot be reached.
        """
        if self._pool is None:
            return await connect(self._dsn or "")
        try:
            return cast("Connection", await self._pool.acquire(timeout=CONNECT_TIMEOUT))
        except (OSError, asyncpg.PostgresError) as error:
            raise DatabaseUnavailableError(
                f"The pool gave no connection ({str(error) or type(error).__name__}): "
                "check that the server runs and that the pool is large enough."
            ) from None

    async def release(self, connection: Connection) -> None:
        """Give a connection back, whatever state it is in."""
        if self._pool is not None:
            await self._pool.release(cast("Any", connection))
        elif not connection.is_closed():
            await connection.close(timeout=CONNECT_TIMEOUT)


def is_connection_loss(connection: Connection, error: BaseException) -> bool:
    """Tell whether an error means that the server is gone or overloaded, so that trying again may help."""
    return connection.is_closed() or isinstance(
        error,
        asyncpg.PostgresConnectionError
        | asyncpg.OperatorInterventionError
        | asyncpg.InsufficientResourcesError,
    )
