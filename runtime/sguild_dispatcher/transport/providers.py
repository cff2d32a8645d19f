"""Where a worker's connections come from: a pool or engine of the service, or a DSN.

What the service hands over is known by the module of its class, so no library is imported that is not there.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

import asyncpg

from sguild_dispatcher.database import CONNECT_TIMEOUT, connect
from sguild_dispatcher.errors import DatabaseUnavailableError, UnsupportedConnectionError
from sguild_dispatcher.statements import statement
from sguild_dispatcher.transport.drivers import AsyncpgDriver, Driver, PsycopgDriver, SqlAlchemyDriver


class Provider(Protocol):
    """Lends connections. A worker keeps each until it has no use for it any more."""

    async def acquire(self) -> Driver:
        """Return a connection that is open.

        Raises:
            DatabaseUnavailableError: there is none to be had.
        """
        ...

    async def release(self, driver: Driver) -> None:
        """Give a connection back, whatever state it is in."""
        ...


class DsnProvider:
    """Opens a connection of asyncpg whenever one is wanted.

    Args:
        dsn: the database.
        pooled: there is a pooler between that gives each transaction another session: nothing is prepared.
    """

    def __init__(self, dsn: str, *, pooled: bool = False) -> None:
        self.dsn = dsn
        self._pooled = pooled

    async def acquire(self) -> AsyncpgDriver:
        """See :meth:`Provider.acquire`."""
        return AsyncpgDriver(await connect(self.dsn, prepare=not self._pooled))

    async def release(self, driver: Driver) -> None:
        """See :meth:`Provider.release`."""
        if not driver.is_closed():
            await driver.connection.close(timeout=CONNECT_TIMEOUT)


class AsyncpgProvider:
    """A pool of asyncpg."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    async def acquire(self) -> AsyncpgDriver:
        """See :meth:`Provider.acquire`."""
        try:
            return AsyncpgDriver(await self._pool.acquire(timeout=CONNECT_TIMEOUT))
        except (OSError, asyncpg.PostgresError) as error:
            raise _no_connection(error) from None

    async def release(self, driver: Driver) -> None:
        """See :meth:`Provider.release`."""
        await self._pool.release(driver.connection)


class PsycopgProvider:
    """A pool of ``psycopg_pool``."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    async def acquire(self) -> PsycopgDriver:
        """See :meth:`Provider.acquire`."""
        import psycopg
        from psycopg_pool import PoolTimeout

        try:
            connection = await self._pool.getconn(timeout=CONNECT_TIMEOUT)
        except (PoolTimeout, psycopg.OperationalError) as error:
            raise _no_connection(error) from None
        await connection.set_isolation_level(psycopg.IsolationLevel.READ_COMMITTED)
        return PsycopgDriver(connection)

    async def release(self, driver: Driver) -> None:
        """See :meth:`Provider.release`."""
        try:
            if not driver.is_closed():
                await driver.rollback()
                await driver.execute(statement("reset_session"))
                await driver.commit()
                await driver.connection.set_isolation_level(None)
        finally:
            await self._pool.putconn(driver.connection)


class SqlAlchemyProvider:
    """An ``AsyncEngine`` of SQLAlchemy over asyncpg or psycopg."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine

    async def acquire(self) -> SqlAlchemyDriver:
        """See :meth:`Provider.acquire`."""
        from sqlalchemy.exc import SQLAlchemyError

        try:
            connection = await self._engine.connect()
        except (OSError, SQLAlchemyError) as error:
            raise _no_connection(error) from None
        await connection.execution_options(isolation_level="READ COMMITTED")
        raw: Any = (await connection.get_raw_connection()).driver_connection
        kind = PsycopgDriver if self._engine.dialect.driver.startswith("psycopg") else AsyncpgDriver
        return SqlAlchemyDriver(connection, kind(raw))

    async def release(self, driver: Driver) -> None:
        """See :meth:`Provider.release`."""
        if driver.is_closed():
            await driver.connection.invalidate()
        else:
            await driver.execute(statement("reset_session"))
        await driver.connection.close()


_KINDS: Final[Mapping[tuple[str, str], Callable[[Any], Provider]]] = {
    ("asyncpg", "Pool"): AsyncpgProvider,
    ("psycopg_pool", "AsyncConnectionPool"): PsycopgProvider,
    ("psycopg_pool", "AsyncNullConnectionPool"): PsycopgProvider,
    ("sqlalchemy", "AsyncEngine"): SqlAlchemyProvider,
}


def provider_of(connections: object) -> Provider:
    """Return the provider that lends the connections of a pool or engine.

    Raises:
        UnsupportedConnectionError: it is neither.
    """
    for each in type(connections).__mro__:
        kind = _KINDS.get((each.__module__.partition(".")[0], each.__name__))
        if kind is not None:
            return kind(connections)
    raise UnsupportedConnectionError(
        f"{type(connections).__module__}.{type(connections).__qualname__} lends no connections: hand over an "
        "asyncpg Pool, a psycopg_pool AsyncConnectionPool or an SQLAlchemy AsyncEngine."
    )


async def prepare_session(driver: Driver, idle_seconds: float) -> None:
    """Let the server plan each fetch for the snapshot at hand, and end a transaction that stands still."""
    await driver.execute(statement("prepare_session"))
    await driver.fetch(statement("limit_idle"), idle_seconds, "session")
    if driver.is_in_transaction():
        await driver.commit()


def _no_connection(error: Exception) -> DatabaseUnavailableError:
    reason = str(error).partition("\n")[0] or type(error).__name__
    return DatabaseUnavailableError(
        f"The pool gave no connection ({reason}): check that the server runs and that the pool is large "
        "enough."
    )
