"""Connecting to PostgreSQL, with errors that a user can act on."""

import os
from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias
from urllib.parse import parse_qs, urlsplit

import asyncpg

from sguild_dispatcher.errors import DatabaseUnavailableError, SettingsError
from sguild_dispatcher.settings import PREFIX

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
    Record: TypeAlias = asyncpg.Record
else:
    Connection = asyncpg.Connection
    Pool = asyncpg.Pool
    Record = asyncpg.Record

CONNECT_TIMEOUT: Final = 10.0
"""Seconds after which a server that does not answer counts as unavailable."""

_STATEMENTS_KEPT: Final = 100


class Queries(Protocol):
    """What reads rows: an asyncpg connection, or a driver of a worker."""

    def fetch(self, sql: str, /, *values: Any) -> Awaitable[Sequence[Any]]:
        """Run a statement and return its rows."""
        ...


async def connect(dsn: str, *, prepare: bool = True) -> Connection:
    """Open a connection.

    Args:
        dsn: the database.
        prepare: whether statements may be kept prepared; not where a pooler stands between.

    Raises:
        SettingsError: ``dsn`` is no connection string.
        DatabaseUnavailableError: the server cannot be reached, or refuses the role or the database.
    """
    try:
        return await asyncpg.connect(
            dsn, timeout=CONNECT_TIMEOUT, statement_cache_size=_STATEMENTS_KEPT if prepare else 0
        )
    except ValueError:
        # Among these is asyncpg's own complaint about a DSN, which quotes it: no cause is kept.
        raise SettingsError(
            f"{_named(dsn)} is no PostgreSQL connection string: write postgresql://USER@HOST:PORT/DATABASE."
        ) from None
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise DatabaseUnavailableError(
            f"The database at {place(dsn)} cannot be reached ({reason}): "
            f"check {PREFIX}DSN or --dsn, and that the server runs; for a try-out, "
            "`python -m sguild_dispatcher.testing start` starts one."
        ) from None


def _named(dsn: str) -> str:
    """Return the settings that hold a DSN, without showing it."""
    names = [name for name, value in os.environ.items() if name.startswith(f"{PREFIX}DSN") and value == dsn]
    return " or ".join(sorted(names)) or "The DSN that was given, by --dsn or by the service itself,"


def place(dsn: str) -> str:
    """Return host, port and database of a DSN, without user, password and options.

    Where an ``@`` stands behind the host, nobody can tell what is a part of the password: nothing is shown.
    """
    parts = urlsplit(dsn)
    if "@" in f"{parts.path}{parts.query}{parts.fragment}":
        return "the DSN (in a user or password, write @ as %40, / as %2F, ? as %3F and # as %23)"
    socket = parse_qs(parts.query).get("host", [os.environ.get("PGHOST", "localhost")])[0]
    return f"{parts.netloc.rpartition('@')[2] or socket}{parts.path}"
