"""Joining the caller's transaction, whatever driver opened it.

A connection is known by the module of its class, so no driver is imported that is not there already.
SQL is the same for all of them (``$1``); psycopg takes it through its raw cursors.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

from sguild_dispatcher.errors import NotInTransactionError, NotMigratedError, UnsupportedConnectionError
from sguild_dispatcher.statements import statement


class AsyncConnection(Protocol):
    """An asyncpg ``Connection``, one from an asyncpg pool, or a psycopg ``AsyncConnection``."""

    def execute(self, *args: Any, **kwargs: Any) -> Awaitable[Any]:
        """Run a statement."""
        ...

    def transaction(self, *args: Any, **kwargs: Any) -> AbstractAsyncContextManager[Any]:
        """Open a transaction, or a savepoint in one."""
        ...


class SyncConnection(Protocol):
    """A psycopg ``Connection``."""

    def execute(self, *args: Any, **kwargs: Any) -> Any:
        """Run a statement."""
        ...

    def transaction(self, *args: Any, **kwargs: Any) -> AbstractContextManager[Any]:
        """Open a transaction, or a savepoint in one."""
        ...


class EventRow(NamedTuple):
    """One event as it is stored, in the order of the parameters of ``insert_event.sql``."""

    event_id: str
    event_type: str
    schema_version: int
    producer: str
    tenant_id: str
    ordering_key: str
    key_id: str
    signature: str
    body: str


async def insert_event(connection: AsyncConnection, row: EventRow) -> None:
    """Write one event into the log, in the transaction that is open on ``connection``.

    Raises:
        UnsupportedConnectionError: no connection of a supported asynchronous driver.
        NotInTransactionError: no transaction is open.
        NotMigratedError: the database has no event log.
    """
    insert = _lookup(_ASYNC_DRIVERS, connection)
    if insert is None:
        raise _unsupported(connection, _SYNC_DRIVERS, "a SyncPublisher", _ASYNC_NAMES)
    try:
        await insert(connection, row)
    except Exception as error:
        _explain(error)
        raise


def insert_event_sync(connection: SyncConnection, row: EventRow) -> None:
    """Write one event into the log, in the transaction that is open on ``connection``.

    Raises:
        UnsupportedConnectionError, NotInTransactionError, NotMigratedError: as :func:`insert_event`.
    """
    insert = _lookup(_SYNC_DRIVERS, connection)
    if insert is None:
        raise _unsupported(connection, _ASYNC_DRIVERS, "an asynchronous Publisher", _SYNC_NAMES)
    try:
        insert(connection, row)
    except Exception as error:
        _explain(error)
        raise


async def _insert_asyncpg(connection: Any, row: EventRow) -> None:
    if not connection.is_in_transaction():
        raise NotInTransactionError(
            "The connection has no open transaction that the event could join: "
            "publish inside `async with connection.transaction():`."
        )
    await connection.execute(statement("insert_event"), *row)


async def _insert_psycopg(connection: Any, row: EventRow) -> None:
    import psycopg

    _require_psycopg_transaction(connection, "async with")
    async with psycopg.AsyncRawCursor(connection) as cursor:
        await cursor.execute(statement("insert_event").encode(), row)


def _insert_psycopg_sync(connection: Any, row: EventRow) -> None:
    import psycopg

    _require_psycopg_transaction(connection, "with")
    with psycopg.RawCursor(connection) as cursor:
        cursor.execute(statement("insert_event").encode(), row)


def _require_psycopg_transaction(connection: Any, block: str) -> None:
    """Refuse an idle connection in autocommit mode; in the other mode psycopg opens a transaction itself."""
    from psycopg.pq import TransactionStatus

    if connection.autocommit and connection.info.transaction_status == TransactionStatus.IDLE:
        raise NotInTransactionError(
            "The connection is in autocommit mode and has no open transaction that the event could join: "
            f"publish inside `{block} connection.transaction():`."
        )


_AsyncInsert: TypeAlias = Callable[[Any, EventRow], Awaitable[None]]
_SyncInsert: TypeAlias = Callable[[Any, EventRow], None]

_ASYNC_DRIVERS: Final[Mapping[tuple[str, str], _AsyncInsert]] = {
    ("asyncpg", "Connection"): _insert_asyncpg,
    ("asyncpg", "PoolConnectionProxy"): _insert_asyncpg,
    ("psycopg", "AsyncConnection"): _insert_psycopg,
}
_SYNC_DRIVERS: Final[Mapping[tuple[str, str], _SyncInsert]] = {
    ("psycopg", "Connection"): _insert_psycopg_sync,
}
_ASYNC_NAMES: Final = "an asyncpg connection (also one from a pool) or a psycopg AsyncConnection"
_SYNC_NAMES: Final = "a psycopg Connection"

_UNDEFINED_TABLE: Final = "42P01"
_UNDEFINED_SCHEMA: Final = "3F000"


def _lookup(drivers: Mapping[tuple[str, str], Any], connection: object) -> Any:
    """Return what serves the class of ``connection`` or the nearest of its bases, if anything does."""
    for each in type(connection).__mro__:
        found = drivers.get((each.__module__.partition(".")[0], each.__name__))
        if found is not None:
            return found
    return None


def _unsupported(
    connection: object, others: Mapping[tuple[str, str], Any], publisher: str, names: str
) -> UnsupportedConnectionError:
    kind = f"{type(connection).__module__}.{type(connection).__qualname__}"
    if _lookup(others, connection) is not None:
        return UnsupportedConnectionError(f"{kind} needs {publisher}; this one takes {names}.")
    return UnsupportedConnectionError(f"{kind} is not supported: hand over {names}.")


def _explain(error: Exception) -> None:
    """Raise what the caller can mend; both drivers keep the SQLSTATE in the same attribute."""
    if getattr(error, "sqlstate", None) in (_UNDEFINED_TABLE, _UNDEFINED_SCHEMA):
        raise NotMigratedError(
            "The database has no sguild_dispatcher.event_log: run `sguild-dispatcher migrate`."
        ) from error
