"""Processes that deliver from a memory database, and what each of them owns."""

import math
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from threading import RLock
from uuid import UUID

from sguild_dispatcher.errors import UnknownSubscriptionError
from sguild_dispatcher.subscriptions import SubscriberName
from sguild_dispatcher.testing.memory.tables import Subscription, Tables
from sguild_dispatcher.transport.interface import HandlerTime, Ownership


@dataclass(slots=True)
class Ownerships:
    """Who lives, until when on the monotonic clock, and who owns which partition."""

    alive: dict[tuple[int, UUID], float] = field(default_factory=dict[tuple[int, UUID], float])
    owners: dict[tuple[int, int], UUID] = field(default_factory=dict[tuple[int, int], UUID])
    mutex: RLock = field(default_factory=RLock)

    def living(self, subscription: int) -> set[UUID]:
        """Return the processes of a subscription that are believed to live."""
        now = time.monotonic()
        return {worker for (each, worker), end in self.alive.items() if each == subscription and end > now}

    def owned(self, subscription: int, worker: UUID) -> list[int]:
        """Return what a process owns."""
        owners = sorted(self.owners.items())
        return [part for (each, part), owner in owners if each == subscription and owner == worker]

    def take(self, subscription: Subscription, worker: UUID, seconds: float) -> Ownership:
        """Let a process live on, and take its part of what nobody owns."""
        with self.mutex:
            self.alive[subscription.id, worker] = time.monotonic() + seconds
            living = self.living(subscription.id) | {worker}
            part = math.ceil(subscription.partitions / len(living))
            free = [
                each
                for each in range(subscription.partitions)
                if self.owners.get((subscription.id, each)) not in living
            ]
            wanted = max(0, part - len(self.owned(subscription.id, worker)))
            self.owners |= {(subscription.id, each): worker for each in free[:wanted]}
            owned = tuple(self.owned(subscription.id, worker))
        return Ownership(partitions=subscription.partitions, part=part, owned=owned)

    def give(self, subscription: int, worker: UUID, partitions: Collection[int]) -> None:
        """Let others have partitions."""
        with self.mutex:
            for each in partitions:
                if self.owners.get((subscription, each)) == worker:
                    del self.owners[subscription, each]


class MemoryControl:
    """See :class:`sguild_dispatcher.transport.interface.Control`."""

    def __init__(self, tables: Tables, ownerships: Ownerships) -> None:
        self._tables = tables
        self._ownerships = ownerships

    async def subscription(self, subscriber: SubscriberName) -> int:
        """See :meth:`Control.subscription`."""
        found = [
            each for each in self._tables.subscriptions.committed.values() if each.subscriber == subscriber
        ]
        if not found or found[0].retired:
            state = "is retired" if found else "is not registered"
            raise UnknownSubscriptionError(
                f"{subscriber} {state}: `await subscriber.register()` comes first."
            )
        return found[0].id

    async def note_start(self, subscription: int, ignored: Collection[str]) -> None:
        """See :meth:`Control.note_start`: nobody asks for it here."""

    async def beat(self, subscription: int, worker: UUID, *, seconds: float) -> Ownership:
        """See :meth:`Control.beat`."""
        row = self._tables.subscriptions.committed[subscription]
        return self._ownerships.take(row, worker, seconds)

    async def note_times(self, subscription: int, times: Mapping[str, HandlerTime]) -> None:
        """See :meth:`Control.note_times`: nobody looks here how long handlers take."""

    async def lags(self, subscription: int, partitions: Sequence[int]) -> Mapping[int, float]:  # noqa: ARG002 - others measure
        """See :meth:`Control.lags`: nothing waits for long in a test."""
        return dict.fromkeys(partitions, 0.0)

    async def release(self, subscription: int, worker: UUID, partitions: Sequence[int]) -> None:
        """See :meth:`Control.release`."""
        self._ownerships.give(subscription, worker, partitions)

    async def leave(self, subscription: int, worker: UUID) -> None:
        """See :meth:`Control.leave`; what is owned by nobody who lives is free."""
        self._ownerships.alive.pop((subscription, worker), None)
