"""What log and home of a memory database have in common."""

import asyncio
from collections.abc import Hashable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final

from sguild_dispatcher.testing.memory.connections import MemoryConnection
from sguild_dispatcher.testing.memory.store import Transaction
from sguild_dispatcher.testing.memory.tables import FailedDelivery, Subscription
from sguild_dispatcher.transport.interface import Row, TransactionLostError, buckets_of

LOCK_SECONDS: Final = 0.001
"""How often a lock is tried that somebody else holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryShare:
    """Which part of a subscription a session works for."""

    subscription: int
    partition: int
    partitions: int
    ignored: frozenset[str]

    @property
    def place(self) -> tuple[int, int]:
        """The key of its cursor."""
        return self.subscription, self.partition

    def has(self, row: Row) -> bool:
        """Tell whether an event belongs to the partition."""
        buckets = buckets_of(self.partition, self.partitions)
        return buckets is None or row["bucket"] in buckets


class MemoryPart:
    """One partition on one connection.

    Args:
        connection: what handlers get, too.
        share: the partition.
    """

    def __init__(self, connection: MemoryConnection, share: MemoryShare) -> None:
        self._connection = connection
        self._tables = connection.tables
        self._share = share

    def transaction(self) -> AbstractAsyncContextManager[None]:
        """See :meth:`LogSession.transaction`."""
        return self._connection.transaction()

    def is_closed(self) -> bool:
        """See :meth:`LogSession.is_closed`: memory is never gone."""
        return False

    def is_lost(self, error: Exception) -> bool:  # noqa: ARG002 - nothing is ever lost
        """See :meth:`LogSession.is_lost`."""
        return False

    @property
    def _open(self) -> Transaction:
        transaction = self._connection.open
        if transaction is None:
            raise TransactionLostError("No transaction is open.")
        return transaction

    @property
    def _subscription(self) -> Subscription | None:
        return self._open.get(self._tables.subscriptions, self._share.subscription)

    @property
    def _failed(self) -> list[FailedDelivery]:
        """The failed deliveries of the subscription."""
        failed = self._open.rows(self._tables.failed).values()
        return [each for each in failed if each.subscription == self._share.subscription]


async def locked(transaction: Transaction, key: Hashable) -> None:
    """Wait until the transaction has a lock; it holds it until its end."""
    while not transaction.lock(key):  # noqa: ASYNC110 - who holds it may be in another thread
        await asyncio.sleep(LOCK_SECONDS)
