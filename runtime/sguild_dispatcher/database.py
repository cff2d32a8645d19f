"""Connecting to PostgreSQL, with errors that a user can act on."""

import os
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import urlsplit

import asyncpg
from sguild_dispatcher.errors import DatabaseUnavailableError, SettingsError

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
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise DatabaseUnavailableError(
            f"The database at {place(dsn)} cannot be reached ({reason}): "
            "check that the server runs and that the DSN is right."
        ) from error
    except ValueError as error:
        raise SettingsError(
            "The DSN is no PostgreSQL connection string: write postgresql://USER@HOST:PORT/DATABASE."
        ) from error


def place(dsn: str) -> str:
    """Return host, port and database of a DSN, without user, password and options."""
    parts = urlsplit(dsn)
    host = parts.netloc.rpartition("@")[2] or os.environ.get("PGHOST", "the local socket")
    return f"{host}{parts.path}"
