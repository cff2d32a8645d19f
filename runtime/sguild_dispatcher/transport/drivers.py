"""One connection of each supported library, in the few words that a delivery needs.

A driver does not decide anything. ``connection`` is what the service's own library gives to its users;
statements go to the raw connection under it, in the same transaction.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, Protocol

import asyncpg

from sguild_dispatcher.transport.interface import Row


class Driver(Protocol):
    """A connection; SQL has numbered parameters (``$1``) for all of them."""

    @property
    def connection(self) -> Any:
        """The connection as the library's users know it."""
        ...

    async def fetch(self, sql: str, *values: object) -> Sequence[Row]:
        """Run a statement and return its rows."""
        ...

    async def execute(self, sql: str, *values: object) -> None:
        """Run a statement."""
        ...

    async def execute_many(self, sql: str, values: Iterable[Sequence[object]]) -> None:
        """Run a statement once for each set of parameters."""
        ...

    async def begin(self) -> None:
        """Begin a transaction of the isolation level read committed."""
        ...

    async def commit(self) -> None:
        """Commit it."""
        ...

    async def rollback(self) -> None:
        """Roll it back."""
        ...

    def is_in_transaction(self) -> bool:
        """Tell whether a transaction is open, without asking the server."""
        ...

    def is_closed(self) -> bool:
        """Tell whether the connection is gone, without asking the server."""
        ...

    async def discard(self) -> None:
        """Close it, whatever it does: nobody is to have its session again."""
        ...


_CONNECTION_LOSS: Final = ("08", "53", "57P")
"""Beginnings of SQLSTATEs: no connection, no resources, and a server that ends or lets nobody in."""

QUERY_CANCELED: Final = "57014"


def sqlstate(error: BaseException) -> str:
    """Return the SQLSTATE that the server gave an error, an empty text if it gave none."""
    return getattr(error, "sqlstate", None) or ""


def is_loss(driver: Driver, error: BaseException) -> bool:
    """Tell whether an error means that the server is gone or overloaded, so that trying again may help."""
    # asyncpg's internal errors say that a connection was cut in the middle of a statement: it is of no use.
    return (
        driver.is_closed()
        or sqlstate(error).startswith(_CONNECTION_LOSS)
        or isinstance(error, asyncpg.InternalClientError)
    )


class AsyncpgDriver:
    """A connection of asyncpg, or one from its pool."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self._transaction: Any = None

    async def fetch(self, sql: str, *values: object) -> Sequence[Row]:
        """See :meth:`Driver.fetch`."""
        rows: Sequence[Row] = await self.connection.fetch(sql, *values)
        return rows

    async def execute(self, sql: str, *values: object) -> None:
        """See :meth:`Driver.execute`."""
        await self.connection.execute(sql, *values)

    async def execute_many(self, sql: str, values: Iterable[Sequence[object]]) -> None:
        """See :meth:`Driver.execute_many`."""
        await self.connection.executemany(sql, values)

    async def begin(self) -> None:
        """See :meth:`Driver.begin`."""
        self._transaction = self.connection.transaction(isolation="read_committed")
        await self._transaction.start()

    async def commit(self) -> None:
        """See :meth:`Driver.commit`."""
        await self._transaction.commit()

    async def rollback(self) -> None:
        """See :meth:`Driver.rollback`."""
        await self._transaction.rollback()

    def is_in_transaction(self) -> bool:
        """See :meth:`Driver.is_in_transaction`."""
        try:
            return bool(self.connection.is_in_transaction())
        except asyncpg.InterfaceError:
            return False

    def is_closed(self) -> bool:
        """See :meth:`Driver.is_closed`; a pool takes a lost connection back, which then answers nothing."""
        try:
            return bool(self.connection.is_closed())
        except asyncpg.InterfaceError:
            return True

    async def discard(self) -> None:
        """See :meth:`Driver.discard`."""
        self.connection.terminate()


class PsycopgDriver:
    """An asynchronous connection of psycopg 3, in whatever mode and with whatever row factory."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    async def fetch(self, sql: str, *values: object) -> Sequence[Row]:
        """See :meth:`Driver.fetch`."""
        async with self._cursor() as cursor:
            await cursor.execute(sql.encode(), values)
            rows: Sequence[Row] = [] if cursor.description is None else await cursor.fetchall()
        return rows

    async def execute(self, sql: str, *values: object) -> None:
        """See :meth:`Driver.execute`."""
        async with self._cursor() as cursor:
            # Without parameters, a text may hold several statements.
            await cursor.execute(sql.encode(), values or None)

    async def execute_many(self, sql: str, values: Iterable[Sequence[object]]) -> None:
        """See :meth:`Driver.execute_many`."""
        async with self._cursor() as cursor:
            await cursor.executemany(sql.encode(), values)

    async def begin(self) -> None:
        """See :meth:`Driver.begin`."""
        # Otherwise psycopg begins with the first statement; its provider has set the isolation level.
        if self.connection.autocommit:
            await self.execute("begin isolation level read committed")

    async def commit(self) -> None:
        """See :meth:`Driver.commit`."""
        await self.connection.commit()

    async def rollback(self) -> None:
        """See :meth:`Driver.rollback`."""
        await self.connection.rollback()

    def is_in_transaction(self) -> bool:
        """See :meth:`Driver.is_in_transaction`."""
        return bool(self.connection.info.transaction_status.name != "IDLE")

    def is_closed(self) -> bool:
        """See :meth:`Driver.is_closed`."""
        return bool(self.connection.closed)

    async def discard(self) -> None:
        """See :meth:`Driver.discard`."""
        await self.connection.close()

    def _cursor(self) -> Any:
        import psycopg
        from psycopg.rows import dict_row

        return psycopg.AsyncRawCursor(self.connection, row_factory=dict_row)


class SqlAlchemyDriver:
    """A connection of an SQLAlchemy ``AsyncEngine``, over asyncpg or psycopg.

    ``raw`` is the driver's own connection under it. SQLAlchemy begins and ends the transaction, so that it
    knows.
    """

    def __init__(self, connection: Any, raw: "AsyncpgDriver | PsycopgDriver") -> None:
        self.connection = connection
        self._raw = raw

    async def fetch(self, sql: str, *values: object) -> Sequence[Row]:
        """See :meth:`Driver.fetch`."""
        return await self._raw.fetch(sql, *values)

    async def execute(self, sql: str, *values: object) -> None:
        """See :meth:`Driver.execute`."""
        await self._raw.execute(sql, *values)

    async def execute_many(self, sql: str, values: Iterable[Sequence[object]]) -> None:
        """See :meth:`Driver.execute_many`."""
        await self._raw.execute_many(sql, values)

    async def begin(self) -> None:
        """See :meth:`Driver.begin`."""
        await self.connection.begin()
        if not self._raw.is_in_transaction():
            # Its adapters begin with the first statement of their own, not of the connection under them.
            await self.connection.exec_driver_sql("set transaction isolation level read committed")

    async def commit(self) -> None:
        """See :meth:`Driver.commit`."""
        await self.connection.commit()

    async def rollback(self) -> None:
        """See :meth:`Driver.rollback`."""
        await self.connection.rollback()

    def is_in_transaction(self) -> bool:
        """See :meth:`Driver.is_in_transaction`."""
        return self._raw.is_in_transaction()

    def is_closed(self) -> bool:
        """See :meth:`Driver.is_closed`."""
        return bool(self.connection.closed) or self._raw.is_closed()

    async def discard(self) -> None:
        """See :meth:`Driver.discard`."""
        await self._raw.discard()
