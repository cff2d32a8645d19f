"""From any supported connection to the driver's connection of its transaction, and one statement there."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final, Generic, NamedTuple, TypeVar

from sguild_dispatcher.connections import asyncpg, django, memory, psycopg, sqlalchemy
from sguild_dispatcher.connections.protocols import AsyncConnection, SyncConnection
from sguild_dispatcher.connections.rows import Batch, EventRow, as_json, as_lines
from sguild_dispatcher.errors import NotInTransactionError, NotMigratedError, UnsupportedConnectionError
from sguild_dispatcher.statements import statement

_T = TypeVar("_T")


async def execute(connection: AsyncConnection, name: str, *values: object) -> object:
    """Run the statement of that name in the transaction that is open on ``connection``.

    Returns:
        The driver's connection that ran it: its state tells when the transaction has ended.

    Raises:
        UnsupportedConnectionError: no connection of a supported asynchronous library.
        NotInTransactionError: no transaction is open.
        NotMigratedError: the database has no event log.
    """
    own, driver = await _async_driver(connection)
    await _explained(driver.execute(own, statement(name), *values))
    return own


async def execute_batch(
    connection: AsyncConnection, parts: Iterator[Sequence[EventRow]], *, several: bool
) -> object:
    """As :func:`execute`, for the statement that writes several events, all of them or none.

    Args:
        connection: where a transaction is open.
        parts: rows, as many at a time as are worth a statement of their own; at least one part.
        several: whether more than one part comes. Where the driver can, a part is written while the next
            one is made.
    """
    first = next(parts)
    own, driver = await _async_driver(connection)
    if several and driver.write_parts is not None:
        await _explained(driver.write_parts(own, map(driver.statement, chain([first], parts))))
    else:
        await _explained(driver.execute(own, *driver.statement([*first, *chain.from_iterable(parts)])))
    return own


async def fetch(connection: AsyncConnection, name: str, *values: object) -> Sequence[Any]:
    """As :func:`execute`, and return the rows, whose columns are read by number."""
    own, driver = await _async_driver(connection)
    rows: Sequence[Any] = await _explained(driver.fetch(own, statement(name), *values))
    return rows


def execute_sync(connection: SyncConnection, name: str, *values: object) -> object:
    """As :func:`execute`, without asyncio."""
    own, driver = _sync_driver(connection)
    _run_sync(own, driver, statement(name), *values)
    return own


def execute_batch_sync(connection: SyncConnection, parts: Iterable[Sequence[EventRow]]) -> object:
    """As :func:`execute_batch`, without asyncio, in one statement."""
    rows = list(chain.from_iterable(parts))
    own, driver = _sync_driver(connection)
    _run_sync(own, driver, *driver.statement(rows))
    return own


def fetch_sync(connection: SyncConnection, name: str, *values: object) -> Sequence[Any]:
    """As :func:`fetch`, without asyncio."""
    own, driver = _sync_driver(connection)
    rows: Sequence[Any] = driver.fetch(own, statement(name), *values)
    return rows


def is_async(connection: object) -> bool:
    """Tell whether a connection is one of an asynchronous library."""
    return _ASYNC_LIBRARIES.get(connection) is not None


def is_busy(connection: object) -> bool:
    """Tell whether a driver's connection is in a transaction, by what the driver knows.

    Raises:
        UnsupportedConnectionError: not a connection of asyncpg or psycopg.
    """
    driver = _ASYNC_DRIVERS.get(connection) or _SYNC_DRIVERS.get(connection)
    if driver is None:
        raise UnsupportedConnectionError(
            f"{_kind(connection)} cannot be watched: hand over an asyncpg or psycopg connection."
        )
    return driver.is_busy(connection)


class _ByClass(Generic[_T]):
    """Values by a class's name and the package that it is from; a subclass is served as its nearest base."""

    def __init__(self, served: Mapping[tuple[str, str], _T]) -> None:
        self._served = served
        self._seen: dict[type, _T | None] = {}

    def get(self, connection: object) -> _T | None:
        kind = type(connection)
        if kind not in self._seen:
            names = ((each.__module__.partition(".")[0], each.__name__) for each in kind.__mro__)
            self._seen[kind] = next((self._served[name] for name in names if name in self._served), None)
        return self._seen[kind]


class _Driver(NamedTuple):
    """What can be done with the connections of a driver."""

    can_be_joined: Callable[[Any], bool]
    is_busy: Callable[[Any], bool]
    execute: Callable[..., Any]
    fetch: Callable[..., Any]
    batch: Callable[[Sequence[EventRow]], Batch] = as_lines
    write_parts: Callable[[Any, Iterator[Sequence[Any]]], Awaitable[None]] | None = None

    def statement(self, rows: Sequence[EventRow]) -> tuple[Any, ...]:
        """Return the text that writes several events, and its parameters."""
        name, values = self.batch(rows)
        return statement(name), *values


class _Library(NamedTuple):
    """How to come to the driver's connection, and how users of the library open a transaction."""

    driver_connection: Callable[[Any], Any]
    block: str


async def _itself_async(connection: Any) -> Any:
    return connection


def _itself(connection: Any) -> Any:
    return connection


_ASYNCPG: Final = _Driver(
    asyncpg.can_be_joined, asyncpg.is_busy, asyncpg.execute, asyncpg.fetch, write_parts=asyncpg.write_parts
)
_ASYNC_DRIVERS: Final = _ByClass[_Driver](
    {
        ("asyncpg", "Connection"): _ASYNCPG,
        ("asyncpg", "PoolConnectionProxy"): _ASYNCPG,
        ("psycopg", "AsyncConnection"): _Driver(
            psycopg.can_be_joined, psycopg.is_busy, psycopg.execute, psycopg.fetch
        ),
        ("sguild_dispatcher", "MemoryConnection"): _Driver(
            memory.is_busy, memory.is_busy, memory.execute, memory.fetch, as_json
        ),
    }
)
_SYNC_DRIVERS: Final = _ByClass[_Driver](
    {
        ("psycopg", "Connection"): _Driver(
            psycopg.can_be_joined, psycopg.is_busy, psycopg.execute_sync, psycopg.fetch_sync
        ),
        ("sguild_dispatcher", "SyncMemoryConnection"): _Driver(
            memory.is_busy, memory.is_busy, memory.execute_sync, memory.fetch_sync, as_json
        ),
    }
)

_ASYNC_DRIVER: Final = _Library(_itself_async, "async with connection.transaction():")
_ASYNC_SESSION: Final = _Library(sqlalchemy.of_async_session, "async with session.begin():")
_ASYNC_LIBRARIES: Final = _ByClass[_Library](
    {
        ("asyncpg", "Connection"): _ASYNC_DRIVER,
        ("asyncpg", "PoolConnectionProxy"): _ASYNC_DRIVER,
        ("psycopg", "AsyncConnection"): _ASYNC_DRIVER,
        ("sguild_dispatcher", "MemoryConnection"): _ASYNC_DRIVER,
        ("sqlalchemy", "AsyncSession"): _ASYNC_SESSION,
        ("sqlalchemy", "async_scoped_session"): _ASYNC_SESSION,
        ("sqlalchemy", "AsyncConnection"): _Library(
            sqlalchemy.of_async_connection, "async with connection.begin():"
        ),
    }
)
_SESSION: Final = _Library(sqlalchemy.of_session, "with session.begin():")
_SYNC_DRIVER: Final = _Library(_itself, "with connection.transaction():")
_DJANGO: Final = _Library(django.of_connection, "with transaction.atomic():")
_SYNC_LIBRARIES: Final = _ByClass[_Library](
    {
        ("psycopg", "Connection"): _SYNC_DRIVER,
        ("sguild_dispatcher", "SyncMemoryConnection"): _SYNC_DRIVER,
        ("sqlalchemy", "Session"): _SESSION,
        ("sqlalchemy", "scoped_session"): _SESSION,
        ("sqlalchemy", "Connection"): _Library(sqlalchemy.of_connection, "with connection.begin():"),
        ("django", "BaseDatabaseWrapper"): _DJANGO,
        ("django", "ConnectionProxy"): _DJANGO,
    }
)
_ASYNC_NAMES: Final = (
    "an asyncpg connection (also one from a pool), a psycopg AsyncConnection, "
    "or a SQLAlchemy AsyncSession or AsyncConnection"
)
_SYNC_NAMES: Final = "a psycopg Connection, a SQLAlchemy Session or Connection, or a Django connection"

_UNDEFINED_TABLE: Final = "42P01"
_UNDEFINED_SCHEMA: Final = "3F000"


async def _async_driver(connection: AsyncConnection) -> tuple[object, "_Driver"]:
    library = _ASYNC_LIBRARIES.get(connection)
    if library is None:
        raise _unsupported(connection, _SYNC_LIBRARIES, "a SyncPublisher", _ASYNC_NAMES)
    own = await library.driver_connection(connection)
    return own, _joined(_ASYNC_DRIVERS, connection, own, library)


def _sync_driver(connection: SyncConnection) -> tuple[object, "_Driver"]:
    library = _SYNC_LIBRARIES.get(connection)
    if library is None:
        raise _unsupported(connection, _ASYNC_LIBRARIES, "an asynchronous Publisher", _SYNC_NAMES)
    own = library.driver_connection(connection)
    return own, _joined(_SYNC_DRIVERS, connection, own, library)


async def _explained(running: Awaitable[_T]) -> _T:
    try:
        return await running
    except Exception as error:
        _explain(error)
        raise


def _run_sync(own: object, driver: "_Driver", text: str, *values: object) -> None:
    try:
        driver.execute(own, text, *values)
    except Exception as error:
        _explain(error)
        raise


def _joined(drivers: _ByClass[_Driver], connection: object, own: object, library: _Library) -> _Driver:
    """Return the driver of ``own``, which is in a transaction or will be with its next statement."""
    driver = drivers.get(own)
    if driver is None:
        wanted = "asyncpg or psycopg" if drivers is _ASYNC_DRIVERS else "psycopg"
        raise UnsupportedConnectionError(
            f"{_kind(connection)} stands on {_kind(own)}, which cannot be joined: "
            f"its driver has to be {wanted}."
        )
    if not driver.can_be_joined(own):
        raise NotInTransactionError(
            f"{_kind(connection)} commits each statement by itself and has no open transaction that the "
            f"event could join: publish inside `{library.block}`, and not in autocommit mode."
        )
    return driver


def _unsupported(
    connection: object, others: _ByClass[_Library], publisher: str, names: str
) -> UnsupportedConnectionError:
    if others.get(connection) is not None:
        return UnsupportedConnectionError(f"{_kind(connection)} needs {publisher}; this one takes {names}.")
    return UnsupportedConnectionError(f"{_kind(connection)} is not supported: hand over {names}.")


def _kind(connection: object) -> str:
    return f"{type(connection).__module__}.{type(connection).__qualname__}"


def _explain(error: Exception) -> None:
    """Raise what the caller can mend; both drivers keep the SQLSTATE in the same attribute."""
    if getattr(error, "sqlstate", None) in (_UNDEFINED_TABLE, _UNDEFINED_SCHEMA):
        raise NotMigratedError(
            "The database has no sguild_dispatcher.event_log: run `sguild-dispatcher migrate`."
        ) from error
