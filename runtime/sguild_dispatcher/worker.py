"""A running subscriber: for each log that it reads, the partitions that this process owns of it.

Ownership is a lease: a process says every now and then that it lives, and partitions of one that does not are
taken over by the others. A process that believes too long that it owns a partition does no harm: the cursor
is moved by compare-and-set, in the transaction of the effects.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID, uuid4

from sguild_dispatcher.delivery.assembly import Assembly
from sguild_dispatcher.delivery.blame import Blame
from sguild_dispatcher.delivery.care import Caution
from sguild_dispatcher.delivery.lag import LagWatch
from sguild_dispatcher.delivery.partition import PartitionLoop
from sguild_dispatcher.delivery.timing import HandlerTimes
from sguild_dispatcher.errors import DatabaseUnavailableError
from sguild_dispatcher.reconnecting import Reconnecting
from sguild_dispatcher.subscriptions import SubscriberName
from sguild_dispatcher.telemetry.errors import error_type
from sguild_dispatcher.transport.interface import Control, CursorMovedError, Ownership
from sguild_dispatcher.transport.sources import Source

_log: Final = logging.getLogger(__name__)

STANDBY_SECONDS: Final = 0.5
"""How often a process that owns less than its part looks whether it can take over more."""

TIMES_SECONDS: Final = 30.0
"""How often it is stored how long handlers take."""


@dataclass(slots=True)
class Running:
    """A partition that is being delivered; ``stopping`` asks it to end after the handler at hand."""

    partition: int
    partitions: int
    task: "asyncio.Task[None]" = field(init=False)
    loop: PartitionLoop | None = None
    stopping: bool = False

    def stop(self) -> None:
        """Ask it to end."""
        self.stopping = True
        self.wake()

    def wake(self) -> None:
        """Let it look at the log."""
        if self.loop is not None:
            self.loop.wake()


class Worker:
    """One run of a subscriber.

    Args:
        subscriber: its name.
        sources: the logs that it reads.
        assembly: makes what delivers a partition.
        ignored: the registered event types that are never fetched.
        poll_interval: seconds between two looks at a log when nothing waits.
        lease_seconds: how long a process that says nothing is believed to live.
    """

    def __init__(
        self,
        subscriber: SubscriberName,
        sources: Sequence[Source],
        assembly: Assembly,
        *,
        ignored: list[str],
        poll_interval: float,
        lease_seconds: float,
    ) -> None:
        self._readers = [
            LogReader(
                subscriber,
                source,
                assembly,
                ignored=ignored,
                poll_interval=poll_interval,
                lease_seconds=lease_seconds,
            )
            for source in sources
        ]
        self.tally = assembly.tally

    def stop(self) -> None:
        """Finish the handlers that run, commit what is done, and end."""
        for each in self._readers:
            each.stop()

    def is_delivering(self) -> bool:
        """Tell whether the task at hand is one that calls handlers."""
        return any(each.is_delivering() for each in self._readers)

    def complaints(self) -> list[str]:
        """Return why it is not ready, or nothing if it is: each log is read, or others read it."""
        return [complaint for each in self._readers for complaint in each.complaints()]

    async def run(self, *, drain: bool) -> None:
        """Deliver until :meth:`stop` is called, or until nothing waits if ``drain`` is true.

        Raises:
            ConfigurationError: the subscriber cannot start, or its subscription was retired meanwhile.
        """
        tasks = [asyncio.create_task(each.run(drain=drain)) for each in self._readers]
        try:
            await asyncio.gather(*tasks)
        except BaseException:
            self.stop()
            await _cancelled_or_done(tasks)
            raise


class LogReader:
    """The part of a worker that reads one log; arguments as :class:`Worker`."""

    def __init__(
        self,
        subscriber: SubscriberName,
        source: Source,
        assembly: Assembly,
        *,
        ignored: list[str],
        poll_interval: float,
        lease_seconds: float,
    ) -> None:
        self._subscriber = subscriber
        self._name = str(subscriber)
        self._source = source
        self._fields = {"subscriber": self._name, "log": source.log or "home"}
        self._lag = LagWatch(assembly.telemetry, source.log, self._fields)
        self._assembly = assembly
        self._ignored = ignored
        self._poll_interval = poll_interval
        self._lease_seconds = lease_seconds
        self._worker_id: UUID = uuid4()
        self._blame = Blame()
        self._cautions: dict[int, Caution] = {}
        self._times = HandlerTimes()
        self._times_stored_at = time.monotonic()
        self._running: dict[int, Running] = {}
        self._drained: set[int] = set()
        self._stopping = False
        self._changed = asyncio.Event()
        self._was_connected = False
        self._standing_by = False
        self._reconnecting = Reconnecting(self._name, self._fields)
        self._lives_until = 0.0

    def stop(self) -> None:
        """See :meth:`Worker.stop`."""
        self._stopping = True
        self._changed.set()
        for each in self._running.values():
            each.stop()

    def is_delivering(self) -> bool:
        """See :meth:`Worker.is_delivering`."""
        current = asyncio.current_task()
        return any(each.task is current for each in self._running.values())

    def complaints(self) -> list[str]:
        """See :meth:`Worker.complaints`."""
        if self._stopping:
            return [f"stopping{self._source.label}"]
        if time.monotonic() > self._lives_until:
            return [f"not connected{self._source.label}"]
        waiting = sorted(each.partition for each in self._running.values() if each.loop is None)
        return [f"partition {each}{self._source.label} is not connected yet" for each in waiting]

    async def run(self, *, drain: bool) -> None:
        """See :meth:`Worker.run`."""
        while not self._stopping:
            try:
                await self._session(drain=drain)
            except DatabaseUnavailableError as error:
                if not self._was_connected:
                    raise
                self._changed.clear()
                await self._pause(self._reconnecting.lost(error))
            else:
                return

    async def _session(self, *, drain: bool) -> None:
        """Deliver for as long as the connection stands that says that this process lives."""
        async with self._source.control(self._on_wakeup) as control:
            subscription = await control.subscription(self._subscriber)
            self._was_connected = True
            await control.note_start(subscription, self._ignored)
            with self._reconnecting.connected():
                await self._own(control, subscription, drain=drain)

    async def _own(self, control: Control, subscription: int, *, drain: bool) -> None:
        try:
            while not self._stopping:
                self._changed.clear()
                began = time.monotonic()
                ownership = await control.beat(subscription, self._worker_id, seconds=self._lease_seconds)
                self._lives_until = began + self._lease_seconds
                self._adjust(ownership, subscription, drain=drain)
                await self._give_away(control, subscription, ownership)
                await self._lag.look(control, subscription, ownership.owned)
                if drain and self._is_drained(ownership):
                    break
                await self._pause(self._beat_seconds(ownership) - (time.monotonic() - began))
                await self._reap(control, subscription)
                if time.monotonic() - self._times_stored_at > TIMES_SECONDS:
                    await self._store_times(control, subscription)
        except asyncio.CancelledError:
            for each in self._running.values():
                each.task.cancel()
            raise
        finally:
            self._lives_until = 0.0
            await self._end(control, subscription)

    def _beat_seconds(self, ownership: Ownership) -> float:
        regular = self._lease_seconds / 3
        return min(regular, STANDBY_SECONDS) if len(ownership.owned) < ownership.part else regular

    def _adjust(self, ownership: Ownership, subscription: int, *, drain: bool) -> None:
        """Start what is owned and does not run, and stop what runs and should not."""
        wanted = ownership.owned[: ownership.part]
        for partition, running in self._running.items():
            if partition not in wanted or running.partitions != ownership.partitions:
                running.stop()
        for partition in wanted:
            if partition not in self._running and not (drain and partition in self._drained):
                self._start(partition, ownership.partitions, subscription, drain=drain)
        if not ownership.owned and not self._standing_by:
            _log.info(
                "%s: other processes deliver%s; standing by",
                self._name,
                self._source.label,
                extra={"code": "standing-by", **self._fields},
            )
        self._standing_by = not ownership.owned

    async def _give_away(self, control: Control, subscription: int, ownership: Ownership) -> None:
        """Release what is more than this process's part, unless it runs: then it is released when it ends."""
        idle = [each for each in ownership.owned[ownership.part :] if each not in self._running]
        if idle:
            await control.release(subscription, self._worker_id, idle)

    def _start(self, partition: int, partitions: int, subscription: int, *, drain: bool) -> None:
        running = Running(partition, partitions)
        self._running[partition] = running
        running.task = asyncio.create_task(self._deliver(running, subscription, drain=drain))
        running.task.add_done_callback(lambda _: self._changed.set())
        _log.info(
            "%s: this process delivers partition %d of %d%s now",
            self._name,
            partition,
            partitions,
            self._source.label,
            extra={"code": "partition-started", **self._fields, "partition": partition},
        )

    async def _deliver(self, running: Running, subscription: int, *, drain: bool) -> None:
        """Deliver one partition on connections of its own until it is stopped."""
        async with self._source.partition(
            self._subscriber, subscription, running.partition, running.partitions, tuple(self._ignored)
        ) as sessions:
            running.loop = self._assembly.loop(
                sessions,
                partition=running.partition,
                caution=self._cautions.setdefault(running.partition, Caution(self._blame)),
                times=self._times,
                poll_interval=self._poll_interval,
                stopping=lambda: self._stopping or running.stopping,
            )
            await running.loop.run(drain=drain)
        if drain and not running.stopping and not self._stopping:
            self._drained.add(running.partition)

    async def _reap(self, control: Control, subscription: int) -> None:
        """Give away what has ended; whatever ended a partition early is raised.

        A cursor that somebody else moved is no error: either the subscription is retired, which is one from
        here, or its partitions are others now, which the next beat tells.
        """
        ended = [each for each in self._running.values() if each.task.done()]
        for each in ended:
            del self._running[each.partition]
        stopped = [each.partition for each in ended if each.stopping]
        if stopped:
            await control.release(subscription, self._worker_id, stopped)
        for error in [each.task.exception() for each in ended]:
            if isinstance(error, CursorMovedError):
                await control.subscription(self._subscriber)
            elif error is not None:
                raise error

    def _is_drained(self, ownership: Ownership) -> bool:
        return (
            not self._running
            and len(ownership.owned) >= ownership.part
            and self._drained.issuperset(ownership.owned)
        )

    async def _end(self, control: Control, subscription: int) -> None:
        """Let what runs finish its batch, and give everything away."""
        self._lag.end()
        for each in self._running.values():
            each.stop()
        tasks = [each.task for each in self._running.values()]
        self._running.clear()
        try:
            await _cancelled_or_done(tasks)
        finally:
            await self._leave(control, subscription)

    async def _store_times(self, control: Control, subscription: int) -> None:
        self._times_stored_at = time.monotonic()
        await control.note_times(subscription, self._times.take())

    async def _leave(self, control: Control, subscription: int) -> None:
        try:
            await self._store_times(control, subscription)
            await control.leave(subscription, self._worker_id)
        except Exception as error:  # noqa: BLE001 - the lease ends by itself
            # Its class alone: a traceback shows what it was raised during, such as a handler's exception.
            _log.debug(
                "%s: could not give its partitions away (%s)",
                self._name,
                type(error).__name__,
                extra={"code": "partitions-kept", **self._fields, "error": error_type(error)},
            )

    async def _pause(self, seconds: float) -> None:
        """Wait until the time passes, a partition ends, or the worker is stopped."""
        if self._stopping or seconds <= 0:
            return
        try:
            await asyncio.wait_for(self._changed.wait(), seconds)
        except TimeoutError:
            return

    def _on_wakeup(self) -> None:
        for each in self._running.values():
            each.wake()


async def _cancelled_or_done(tasks: "list[asyncio.Task[Any]]") -> None:
    """Wait for tasks that were asked to end; when this one is cancelled, so are they."""
    if not tasks:
        return
    try:
        await asyncio.gather(*tasks, return_exceptions=True)
    except asyncio.CancelledError:
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
