"""Joining the caller's transaction, whatever library opened it.

A connection is known by the module of its class, so no library is imported that is not there already.
Whatever the library, the SQL runs on the driver's own connection, which asyncpg or psycopg made: it is
the same transaction, and three to five times cheaper than the library's own way to it.
"""

from sguild_dispatcher.connections.joining import (
    execute,
    execute_batch,
    execute_batch_sync,
    execute_sync,
    fetch,
    fetch_sync,
    is_async,
    is_busy,
)
from sguild_dispatcher.connections.protocols import AsyncConnection, SyncConnection
from sguild_dispatcher.connections.rows import EventRow

__all__ = [
    "AsyncConnection",
    "EventRow",
    "SyncConnection",
    "execute",
    "execute_batch",
    "execute_batch_sync",
    "execute_sync",
    "fetch",
    "fetch_sync",
    "is_async",
    "is_busy",
]
