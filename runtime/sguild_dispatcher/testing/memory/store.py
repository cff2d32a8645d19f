"""Rows in memory with the transactions of PostgreSQL at its level read committed.

What a transaction writes lies in layers over the committed rows, one a savepoint; only its own connection
sees it before the commit. Transaction ids and snapshots count as PostgreSQL's do, so that a late commit is
one here too.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from itertools import count
from threading import RLock
from types import MappingProxyType
from typing import Any, Final, Generic, Self, TypeVar, cast

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_FIRST_TXID: Final = 3
_GONE: Final = object()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Which transactions had committed: those below ``upper``, but for the ones that were ``running``."""

    upper: int
    running: frozenset[int] = frozenset()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text of a ``pg_snapshot``: ``xmin:xmax:xip,xip``."""
        _, upper, running = text.split(":")
        return cls(int(upper), frozenset(int(each) for each in running.split(",") if each))

    def __str__(self) -> str:
        running = ",".join(map(str, sorted(self.running)))
        return f"{min(self.running, default=self.upper)}:{self.upper}:{running}"

    def sees(self, txid: int) -> bool:
        """Tell whether what a transaction wrote is visible."""
        return txid < self.upper and txid not in self.running


class Table(Generic[K, V]):
    """The committed rows of one kind, by key; a value is replaced and never changed."""

    def __init__(self) -> None:
        self.committed: Mapping[K, V] = {}
        self.numbers: Final = count(1)
        """The sequence of its keys; a rollback leaves a gap, as everywhere."""


class Store:
    """What all connections share."""

    def __init__(self) -> None:
        self.mutex: Final = RLock()
        """Held for each step, since connections may be used in several threads."""
        self.listeners: Final[list[Callable[[], None]]] = []
        """What is called after a commit that wrote into the log."""
        self._next_txid = _FIRST_TXID
        self._running: set[int] = set()
        self._locks: dict[Hashable, Transaction] = {}

    def snapshot(self) -> Snapshot:
        """Return what is committed now."""
        with self.mutex:
            return Snapshot(self._next_txid, frozenset(self._running))

    def begin_writing(self) -> int:
        """Return a new transaction id."""
        with self.mutex:
            self._next_txid += 1
            self._running.add(self._next_txid - 1)
            return self._next_txid - 1

    def lock(self, key: Hashable, transaction: "Transaction") -> bool:
        """Take a lock until the transaction ends, and tell whether no other one holds it."""
        with self.mutex:
            return self._locks.setdefault(key, transaction) is transaction

    def end(self, transaction: "Transaction", written: "Mapping[Table[Any, Any], Mapping[Any, Any]]") -> None:
        """Commit rows, and let go of what the transaction held."""
        with self.mutex:
            for table, rows in written.items():
                table.committed = MappingProxyType(_without_gone({**table.committed, **rows}))
            self._locks = {key: held for key, held in self._locks.items() if held is not transaction}
            self._running.discard(transaction.txid or 0)
            listeners = tuple(self.listeners) if written and transaction.txid is not None else ()
        for each in listeners:
            each()


class Transaction:
    """One open transaction of a store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.txid: int | None = None
        """Its id; there is none before it writes into the log."""
        self.token: str | None = None
        """What the batch is known by that was fetched in it."""
        self._layers: list[dict[Table[Any, Any], dict[Any, Any]]] = [{}]

    @property
    def depth(self) -> int:
        """How many savepoints are open."""
        return len(self._layers) - 1

    def begin_writing(self) -> int:
        """Return its id, a new one if it has none."""
        if self.txid is None:
            self.txid = self.store.begin_writing()
        return self.txid

    def lock(self, key: Hashable) -> bool:
        """See :meth:`Store.lock`."""
        return self.store.lock(key, self)

    def rows(self, table: Table[K, V]) -> Mapping[K, V]:
        """Return what it sees of a table."""
        written = [layer[table] for layer in self._layers if table in layer]
        if not written:
            return table.committed
        merged: dict[Any, Any] = dict(table.committed)
        for rows in written:
            merged.update(rows)
        return _without_gone(merged)

    def get(self, table: Table[K, V], key: K) -> V | None:
        """Return the row of a key."""
        for layer in reversed(self._layers):
            if key in layer.get(table, ()):
                value = layer[table][key]
                return None if value is _GONE else cast("V", value)
        return table.committed.get(key)

    def put(self, table: Table[K, V], key: K, value: V) -> None:
        """Write the row of a key."""
        self._layers[-1].setdefault(table, {})[key] = value

    def remove(self, table: Table[K, Any], key: K) -> None:
        """Delete the row of a key."""
        self._layers[-1].setdefault(table, {})[key] = _GONE

    def open_savepoint(self) -> None:
        """Begin a layer."""
        self._layers.append({})

    def release_savepoint(self) -> None:
        """Keep what was written since the last savepoint."""
        for table, rows in self._layers.pop().items():
            self._layers[-1].setdefault(table, {}).update(rows)

    def undo_savepoint(self) -> None:
        """Forget what was written since the last savepoint."""
        self._layers.pop()

    def commit(self) -> None:
        """Make everything visible to everybody."""
        while self.depth:
            self.release_savepoint()
        self.store.end(self, self._layers[0])

    def rollback(self) -> None:
        """Forget everything."""
        self.store.end(self, {})


def _without_gone(rows: dict[Any, Any]) -> dict[Any, Any]:
    return {key: value for key, value in rows.items() if value is not _GONE}
