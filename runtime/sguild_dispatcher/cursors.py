"""A subscriber's cursor: the snapshot up to which everything is done, and a frozen window behind it.

What is new is what the snapshot ``done`` cannot see. When more than a batch waits, the snapshot of the fetch
is frozen as ``window`` and paged in the order of seq; ``position`` is the seq up to which the window is done.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import asyncpg

from sguild_dispatcher.errors import UnknownSubscriptionError
from sguild_dispatcher.statements import statement

if TYPE_CHECKING:
    from datetime import datetime

    from sguild_dispatcher.database import Connection


class CursorMovedError(Exception):
    """Another process moved the cursor since it was loaded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """A row of ``sguild_dispatcher.cursor``; snapshots in PostgreSQL's own text."""

    version: int
    done: str
    window: str | None = None
    position: int | None = None

    def after(self, page: "Page", handled: int) -> "Cursor":
        """Return the place after the first ``handled`` rows of a page, as the next row of the table."""
        window = self.window or page.snapshot
        if page.complete and handled == len(page.rows):
            return Cursor(version=self.version + 1, done=window)
        position: int = page.rows[handled - 1]["seq"]
        return Cursor(version=self.version + 1, done=self.done, window=window, position=position)

    def past_nothing(self, page: "Page") -> "Cursor":
        """Return the place after a page without rows; it need not be stored, since nothing was done."""
        return replace(self.after(page, 0), version=self.version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What one fetch returned.

    ``complete`` tells that nothing is left of the window, ``last_seq`` is the newest seq of the whole log
    (unknown inside a window), and ``retries_due`` whether a retry is due.
    """

    rows: list[asyncpg.Record]
    snapshot: str
    complete: bool
    active: bool
    retries_due: bool
    last_seq: int | None


async def load_cursor(connection: "Connection", subscription: int) -> Cursor:
    """Return the newest row of a subscription's cursor."""
    row = await connection.fetchrow(statement("load_cursor"), subscription)
    if row is None:
        raise UnknownSubscriptionError(f"The subscription {subscription} has no cursor: register it again.")
    return Cursor(version=row["version"], done=row["done"], window=row["window"], position=row["position"])


async def fetch_page(
    connection: "Connection",
    subscription: int,
    cursor: Cursor,
    *,
    ignored: list[str],
    limit: int,
    token: str,
    now: "datetime",
) -> Page:
    """Fetch what is new for a cursor, as the first statement of a transaction."""
    common = (subscription, cursor.done, ignored, limit, token, now)
    if cursor.window is None:
        rows = await connection.fetch(statement("fetch_first_page"), *common)
    else:
        rows = await connection.fetch(statement("fetch_window_page"), *common, cursor.window, cursor.position)
    head = rows[0]
    events = rows if head["seq"] is not None else []
    return Page(
        rows=events,
        snapshot=head["snapshot"],
        complete=len(events) < limit,
        active=head["active"],
        retries_due=head["retries_due"],
        last_seq=head["last_seq"],
    )


async def move_cursor(connection: "Connection", subscription: int, cursor: Cursor, *, token: str) -> bool:
    """Store the next row, and tell whether the transaction is still the one that fetched with ``token``.

    Raises:
        CursorMovedError: the cursor has a row of this version already.
    """
    values = (cursor.version, cursor.done, cursor.window, cursor.position)
    try:
        version = await connection.fetchval(statement("move_cursor"), subscription, *values, token)
    except asyncpg.UniqueViolationError:
        raise CursorMovedError from None
    return version is not None
