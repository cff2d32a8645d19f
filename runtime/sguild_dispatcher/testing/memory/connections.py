"""Connections to a memory database, with asyncio and without."""

import copy
from collections.abc import AsyncGenerator, Generator, Iterator, Mapping, MutableMapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

from pydantic_core import from_json

from sguild_dispatcher.clock import Clock
from sguild_dispatcher.connections import EventRow
from sguild_dispatcher.statements import statement
from sguild_dispatcher.testing.memory.store import Store, Transaction
from sguild_dispatcher.testing.memory.tables import Tables, stored_event


class BaseConnection:
    """What both kinds of connection share.

    Args:
        store: where the transactions are.
        tables: what is stored.
        clock: the moment at which an event is stored.
    """

    def __init__(self, store: Store, tables: Tables, clock: Clock) -> None:
        self.store: Final = store
        self.tables: Final = tables
        self.clock: Final = clock
        self.state: Final = State(self)
        """What the test and its handlers keep; it commits and rolls back with everything else."""
        self.open: Transaction | None = None
        """The transaction that is open."""

    def is_in_transaction(self) -> bool:
        """Tell whether a transaction is open."""
        return self.open is not None

    @contextmanager
    def block(self) -> Generator[Transaction]:
        """Open a transaction, or a savepoint in one; an exception rolls it back."""
        if self.open is None:
            with self._outermost() as transaction:
                yield transaction
            return
        transaction = self.open
        transaction.open_savepoint()
        try:
            yield transaction
        except BaseException:
            transaction.undo_savepoint()
            raise
        transaction.release_savepoint()

    @contextmanager
    def joined(self) -> Generator[Transaction]:
        """Take part in the open transaction, or have one of one's own."""
        if self.open is not None:
            yield self.open
            return
        with self._outermost() as transaction:
            yield transaction

    def insert(self, events: Sequence[EventRow]) -> None:
        """Write events into the log."""
        with self.joined() as transaction:
            for each in events:
                txid, seq = transaction.begin_writing(), next(self.tables.log.numbers)
                row = stored_event(each, seq=seq, txid=txid, created_at=self.clock())
                transaction.put(self.tables.log, seq, row)

    def run(self, sql: str, values: Sequence[Any]) -> None:
        """Run one of the two statements that publishers have.

        Raises:
            NotImplementedError: it is another statement.
        """
        if sql == statement("insert_event"):
            self.insert([EventRow(*values)])
        elif sql == statement("insert_events"):
            self.insert([EventRow(*each) for each in from_json(values[0])])
        else:
            raise _no_sql()

    @contextmanager
    def _outermost(self) -> Generator[Transaction]:
        transaction = self.open = Transaction(self.store)
        try:
            yield transaction
        except BaseException:
            self.open = None
            transaction.rollback()
            raise
        self.open = None
        transaction.commit()


class MemoryConnection(BaseConnection):
    """A connection as asyncpg's: ``async with connection.transaction():``, nested as savepoints."""

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[None, None]:
        """Open a transaction, or a savepoint in one."""
        with self.block():
            yield

    async def execute(self, sql: str, *values: Any) -> None:
        """Run a publisher's statement; see :meth:`BaseConnection.run`."""
        self.run(sql, values)

    async def fetch(self, *_: object) -> Sequence[Any]:
        """Refuse: there is no SQL in memory."""
        raise _no_sql()


class SyncMemoryConnection(BaseConnection):
    """A connection as psycopg's: ``with connection.transaction():``, nested as savepoints."""

    @contextmanager
    def transaction(self) -> Generator[None]:
        """Open a transaction, or a savepoint in one."""
        with self.block():
            yield

    def execute(self, sql: str, *values: Any) -> None:
        """Run a publisher's statement; see :meth:`BaseConnection.run`."""
        self.run(sql, values)

    def fetch(self, *_: object) -> Sequence[Any]:
        """Refuse: there is no SQL in memory."""
        raise _no_sql()


def _no_sql() -> NotImplementedError:
    return NotImplementedError(
        "A memory connection knows no SQL: keep what the test looks at in `connection.state`, replace what "
        "writes by a double, or test it with sguild_dispatcher.testing.postgres."
    )


class State(MutableMapping[Any, Any]):
    """What a test and its handlers keep, in the transaction of a connection.

    What is read is a copy, as from any database: a change counts once it is assigned.
    """

    def __init__(self, connection: BaseConnection) -> None:
        self._connection = connection
        self._table = connection.tables.state

    def __getitem__(self, key: Any) -> Any:
        return copy.deepcopy(self._rows()[key])

    def __setitem__(self, key: Any, value: Any) -> None:
        with self._connection.joined() as transaction:
            transaction.put(self._table, key, copy.deepcopy(value))

    def __delitem__(self, key: Any) -> None:
        if key not in self._rows():
            raise KeyError(key)
        with self._connection.joined() as transaction:
            transaction.remove(self._table, key)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows())

    def __len__(self) -> int:
        return len(self._rows())

    def __repr__(self) -> str:
        return f"State({dict(self._rows())!r})"

    def _rows(self) -> Mapping[Any, Any]:
        transaction = self._connection.open
        return self._table.committed if transaction is None else transaction.rows(self._table)
