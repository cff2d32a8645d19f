"""The log of a memory database, as one partition of one subscription reads it."""

from sguild_dispatcher.testing.memory.parts import MemoryPart, locked
from sguild_dispatcher.testing.memory.store import Snapshot
from sguild_dispatcher.transport.interface import (
    Cursor,
    CursorMovedError,
    Page,
    Row,
    TransactionLostError,
)


class MemoryLog(MemoryPart):
    """See :class:`sguild_dispatcher.transport.interface.LogSession`."""

    async def load_cursor(self) -> Cursor:
        """See :meth:`LogSession.load_cursor`."""
        cursor = self._open.get(self._tables.cursors, self._share.place)
        subscription = self._subscription
        if cursor is None or subscription is None or subscription.partitions != self._share.partitions:
            raise CursorMovedError
        return cursor

    async def fetch_page(
        self,
        cursor: Cursor,
        *,
        limit: int,
        token: str,
        newest: bool = False,  # noqa: ARG002 - it costs nothing
    ) -> Page:
        """See :meth:`LogSession.fetch_page`."""
        with self._connection.store.mutex:
            snapshot = self._connection.store.snapshot()
            log = self._open.rows(self._tables.log)
        subscription = self._subscription
        stored = self._open.get(self._tables.cursors, self._share.place)
        if subscription is None or subscription.retired or stored is None:
            raise CursorMovedError
        if stored.version != cursor.version:
            raise CursorMovedError
        self._open.token = token
        flowing = not subscription.paused
        rows = [each for _, each in sorted(log.items()) if flowing and self._is_new(each, cursor)]
        return Page(
            rows=rows[:limit],
            snapshot=cursor.window or str(snapshot),
            complete=len(rows) < limit,
            flowing=flowing,
            failures=bool(self._failed),
            restored=False,
            last_seq=None if cursor.window else max(log, default=None),
            session=None if cursor.window else "memory",
        )

    def _is_new(self, row: Row, cursor: Cursor) -> bool:
        ignored = row["event_type"] in self._share.ignored
        if ignored or not self._share.has(row) or Snapshot.parse(cursor.done).sees(row["txid"]):
            return False
        if cursor.window is None:
            return True
        return Snapshot.parse(cursor.window).sees(row["txid"]) and row["seq"] > (cursor.position or 0)

    async def move_cursor(self, cursor: Cursor, *, token: str | None) -> None:
        """See :meth:`LogSession.move_cursor`."""
        if token is not None and self._open.token != token:
            raise TransactionLostError(
                "The transaction of a batch was ended by a handler: it is the worker's."
            )
        await locked(self._open, ("cursor", self._share.place))
        current = self._open.get(self._tables.cursors, self._share.place)
        subscription = self._subscription
        retired = subscription is None or subscription.retired
        if retired or current is None or current.version != cursor.version - 1:
            raise CursorMovedError
        self._open.put(self._tables.cursors, self._share.place, cursor)

    async def prune_cursor(self, oldest: int) -> None:
        """See :meth:`LogSession.prune_cursor`: only the newest place is kept here."""
