"""A partition's place in the log, as its worker remembers it between two batches."""

import time
from typing import Final

from sguild_dispatcher.transport.interface import Cursor, CursorMovedError, LogSession, Page

IDLE_MOVE_SECONDS: Final = 60.0
"""How often at most the cursor is stored while only event types pass that the domain does not read."""

CURSOR_ROWS_KEPT: Final = 10
PRUNE_EVERY: Final = 100

SESSIONS_KEPT: Final = 1_000


class Place:
    """The cursor, kept in memory; it is loaded when it is needed first, and after somebody else moved it.

    Where nothing was done it goes ahead of what is stored. A server that crashes uses transaction ids again
    that it had not flushed, and then such a cursor would count new events as done. A pooler hides the crash:
    the connection to it stays. So what is ahead is trusted only by a session of the server that was seen
    before memory went ahead, since a session that still lives proves that the server did not crash.
    """

    def __init__(self, log: LogSession) -> None:
        self._log = log
        self._cursor: Cursor | None = None
        self._ahead = False
        self._sessions = set[str]()
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
        self._ahead = False

    async def fetch(self, cursor: Cursor, *, limit: int, token: str) -> Page:
        """Fetch what is new; see :meth:`LogSession.fetch_page`.

        Raises:
            CursorMovedError: the cursor has to be loaded anew.
        """
        newest = time.monotonic() - self._asked_at > IDLE_MOVE_SECONDS
        page = await self._log.fetch_page(cursor, limit=limit, token=token, newest=newest)
        if page.session is not None and page.session not in self._sessions:
            if self._ahead:
                raise CursorMovedError
            if len(self._sessions) >= SESSIONS_KEPT:
                self._sessions.clear()
            self._sessions.add(page.session)
        return page

    def after_empty(self, cursor: Cursor, page: Page) -> Cursor | None:
        """Return where to go after a page without events, to be stored, or ``None`` if memory will do.

        It is stored from time to time, for retention's sake, while only ignored event types pass.
        """
        if not page.flowing:
            return None
        if cursor.window is not None or page.restored or self._is_idle_move(page):
            return cursor.after(page, 0)
        self._cursor = cursor.past_nothing(page)
        self._ahead = True
        return None

    async def moved(self, cursor: Cursor) -> None:
        """Remember a cursor that is committed, and prune what lies behind it now and then."""
        self._cursor = cursor
        self._ahead = False
        self._asked_at = time.monotonic()
        if cursor.version % PRUNE_EVERY == 0:
            async with self._log.transaction():
                await self._log.prune_cursor(cursor.version - CURSOR_ROWS_KEPT)

    def _is_idle_move(self, page: Page) -> bool:
        """Tell whether ignored event types have passed since that was last asked."""
        if page.last_seq is None:
            return False
        former, self._newest_seq = self._newest_seq, page.last_seq
        self._asked_at = time.monotonic()
        return page.last_seq != former
