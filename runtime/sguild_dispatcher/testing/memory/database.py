"""A database in memory that events are published to and delivered from."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

from sguild_dispatcher.clock import Clock, system_clock
from sguild_dispatcher.errors import UnknownSubscriptionError
from sguild_dispatcher.subscriptions import Start, SubscriberName, check_partitions
from sguild_dispatcher.testing.memory.connections import MemoryConnection, SyncMemoryConnection
from sguild_dispatcher.testing.memory.control import MemoryControl, Ownerships
from sguild_dispatcher.testing.memory.dead_letters import MemoryDeadLetters
from sguild_dispatcher.testing.memory.parts import MemoryShare
from sguild_dispatcher.testing.memory.session import MemorySession
from sguild_dispatcher.testing.memory.store import Snapshot, Store
from sguild_dispatcher.testing.memory.tables import AuditEntry, FailedDelivery, Subscription, Tables
from sguild_dispatcher.transport.interface import HOME_LOG, Control, Cursor, Row, SpoiledSessionError
from sguild_dispatcher.transport.sources import OneSession, Sessions, session_given_up


class MemoryDatabase:
    """What stands in for PostgreSQL where a test needs no SQL; it lives as long as the object.

    ::

        database = MemoryDatabase()
        connection = database.connection()
        async with connection.transaction():
            await publisher.publish(connection, payload)
        subscriber = SalesSubscriber("crm", connections=database, keyring=keyring)

    Args:
        clock: the moment at which events are stored and deliveries fail.
    """

    def __init__(self, *, clock: Clock = system_clock) -> None:
        self._store: Final = Store()
        self._tables: Final = Tables()
        self._ownerships: Final = Ownerships()
        self._clock: Final = clock

    def connection(self) -> MemoryConnection:
        """Return a new connection for a ``Publisher``; each has at most one transaction at a time."""
        return MemoryConnection(self._store, self._tables, self._clock)

    def sync_connection(self) -> SyncMemoryConnection:
        """Return a new connection for a ``SyncPublisher``."""
        return SyncMemoryConnection(self._store, self._tables, self._clock)

    @property
    def rows(self) -> list[Row]:
        """The committed rows of the log, in order."""
        return [each for _, each in sorted(self._tables.log.committed.items())]

    @property
    def audit(self) -> list[AuditEntry]:
        """What was replayed and discarded, in order."""
        return [each for _, each in sorted(self._tables.audit.committed.items())]

    @property
    def failures(self) -> list[FailedDelivery]:
        """Everything that failed and is kept: retries, dead letters, and what waits for them."""
        return list(self._tables.failed.committed.values())

    def subscriber(self, identifier: int) -> SubscriberName:
        """Return whose subscription has an id."""
        return self._tables.subscriptions.committed[identifier].subscriber

    @property
    def dead_letters(self) -> MemoryDeadLetters:
        """The dead letters, retries, and what waits for them."""
        return MemoryDeadLetters(self.sync_connection())

    def register(
        self, subscriber: SubscriberName, *, start: Start = "beginning", partitions: int = 1
    ) -> bool:
        """Create a subscription, and tell whether it is new; an active one stays as it is.

        Raises:
            ConfigurationError: there cannot be so many partitions.
        """
        check_partitions(partitions)
        done = self._store.snapshot() if start == "now" else Snapshot(3)
        with self.sync_connection().block() as transaction:
            former = self._tables.find_subscription(subscriber)
            if former is not None and not former.retired:
                return False
            identifier = next(self._tables.subscriptions.numbers) if former is None else former.id
            row = Subscription(id=identifier, subscriber=subscriber, partitions=partitions)
            transaction.put(self._tables.subscriptions, identifier, row)
            for partition in range(partitions):
                place = identifier, partition
                cursor = self._tables.cursors.committed.get(place)
                version = 1 if cursor is None else cursor.version + 1
                first = Cursor(version=version, generation=1, done=str(done))
                transaction.put(self._tables.cursors, place, first)
            if start == "beginning":
                for failed in self.failures:
                    if failed.subscription == identifier:
                        transaction.remove(self._tables.failed, failed.id)
        return True

    def retire(self, subscriber: SubscriberName) -> None:
        """End a subscription: its worker stops.

        Raises:
            UnknownSubscriptionError: there is no active subscription of that name.
        """
        self._change(subscriber, lambda row: replace(row, retired=True))

    def pause(self, subscriber: SubscriberName) -> None:
        """Let its worker deliver nothing until :meth:`resume`; raises as :meth:`retire`."""
        self._change(subscriber, lambda row: replace(row, paused=True))

    def resume(self, subscriber: SubscriberName) -> None:
        """Let its worker go on; raises as :meth:`retire`."""
        self._change(subscriber, lambda row: replace(row, paused=False))

    def dispatcher_sources(self) -> "list[MemorySource]":
        """See :class:`sguild_dispatcher.transport.sources.BringsSources`."""
        return [
            MemorySource(database=self, store=self._store, tables=self._tables, ownerships=self._ownerships)
        ]

    def _change(self, subscriber: SubscriberName, change: Callable[[Subscription], Subscription]) -> None:
        row = self._tables.find_subscription(subscriber)
        if row is None or row.retired:
            raise UnknownSubscriptionError(f"{subscriber} is not an active subscription.")
        with self.sync_connection().block() as transaction:
            transaction.put(self._tables.subscriptions, row.id, change(row))


@dataclass(frozen=True, slots=True, kw_only=True)
class MemorySource:
    """The log of a memory database, which is the subscriber's own one, too."""

    database: MemoryDatabase
    store: Store
    tables: Tables
    ownerships: Ownerships

    @property
    def log(self) -> str:
        """See :attr:`Source.log`."""
        return HOME_LOG

    @property
    def label(self) -> str:
        """See :attr:`Source.label`."""
        return ""

    async def register(self, subscriber: SubscriberName, *, start: Start, partitions: int) -> bool:
        """See :meth:`Source.register`."""
        return self.database.register(subscriber, start=start, partitions=partitions)

    @asynccontextmanager
    async def control(self, on_wakeup: Callable[[], None]) -> AsyncGenerator[Control, None]:
        """See :meth:`Source.control`; whoever commits an event wakes, from whatever thread."""
        loop = asyncio.get_running_loop()

        def listener() -> None:
            loop.call_soon_threadsafe(on_wakeup)

        self.store.listeners.append(listener)
        try:
            yield MemoryControl(self.tables, self.ownerships)
        finally:
            self.store.listeners.remove(listener)

    @asynccontextmanager
    async def partition(
        self,
        subscriber: SubscriberName,  # noqa: ARG002 - a log elsewhere needs it
        subscription: int,
        partition: int,
        partitions: int,
        ignored: tuple[str, ...],
    ) -> AsyncGenerator[Sessions, None]:
        """See :meth:`Source.partition`."""
        share = MemoryShare(
            subscription=subscription,
            partition=partition,
            partitions=partitions,
            ignored=frozenset(ignored),
        )
        try:
            yield OneSession(MemorySession(self.database.connection(), share))
        except SpoiledSessionError as error:
            raise session_given_up(error.__cause__ or error) from error
