"""A partition's place in the log, as its worker remembers it between two batches."""

import time
from typing import Final

from sguild_dispatcher.transport.interface import Cursor, LogSession, Page

IDLE_MOVE_SECONDS: Final = 60.0
"""How often at most the cursor is stored while only event types pass that the domain does not read."""

CURSOR_ROWS_KEPT: Final = 10
PRUNE_EVERY: Final = 100


class Place:
    """The cursor, kept in memory; it is loaded when it is needed first, and after somebody else moved it."""

    def __init__(self, log: LogSession) -> None:
        self._log = log
        self._cursor: Cursor | None = None
        self._newest_seq: int | None = None
        self._asked_at = time.monotonic()

    async def cursor(self) -> Cursor:
        """Return the cursor."""
        if self._cursor is None:
            async with self._log.transaction():
                self._cursor = await self._log.load_cursor()
        return self._cursor

    def forget(self) -> None:
        """Load the cursor anew before the next batch."""
        self._cursor = None

    def after_empty(self, cursor: Cursor, page: Page) -> Cursor | None:
        """Return where to go after a page without events, to be stored, or ``None`` if memory will do.

        It is stored from time to time, for retention's sake, while only ignored event types pass.
        """
        if not page.flowing:
            return None
        if cursor.window is not None or page.restored or self._is_idle_move(page):
            return cursor.after(page, 0)
        self._cursor = cursor.past_nothing(page)
        return None

    async def moved(self, cursor: Cursor) -> None:
        """Remember a cursor that is committed, and prune what lies behind it now and then."""
        self._cursor = cursor
        self._asked_at = time.monotonic()
        if cursor.version % PRUNE_EVERY == 0:
            async with self._log.transaction():
                await self._log.prune_cursor(cursor.version - CURSOR_ROWS_KEPT)

    @property
    def is_idle_move_due(self) -> bool:
        """Whether the next page is to say how far the log is, since the cursor has not moved for long."""
        return time.monotonic() - self._asked_at > IDLE_MOVE_SECONDS

    def _is_idle_move(self, page: Page) -> bool:
        """Tell whether ignored event types have passed since that was last asked."""
        if page.last_seq is None:
            return False
        former, self._newest_seq = self._newest_seq, page.last_seq
        self._asked_at = time.monotonic()
        return page.last_seq != former
