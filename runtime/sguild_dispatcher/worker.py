"""The loop of a subscriber: connect, own the subscription, deliver; and begin again after a lost connection.

Ownership is a session advisory lock on the connection that delivers. A second process of the same name
stands by, and takes over when the first one's session ends.
"""

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sguild_dispatcher.batches import Batches, BatchRules, Tally
from sguild_dispatcher.clock import Clock
from sguild_dispatcher.cursors import CursorMovedError
from sguild_dispatcher.database import ConnectionSource, is_connection_loss
from sguild_dispatcher.deliveries import Blame, Deliverer
from sguild_dispatcher.errors import DatabaseUnavailableError
from sguild_dispatcher.handlers import Handlers
from sguild_dispatcher.migrations import check_migrated
from sguild_dispatcher.reading import Reader
from sguild_dispatcher.registry import Registry
from sguild_dispatcher.retries import RetryPolicy
from sguild_dispatcher.statements import statement
from sguild_dispatcher.subscriptions import SubscriberName, note_start, subscription_id
from sguild_dispatcher.wakeups import CHANNEL

if TYPE_CHECKING:
    from sguild_dispatcher.database import Connection

_log: Final = logging.getLogger(__name__)

STANDBY_SECONDS: Final = 0.5
"""How often a process that stands by looks whether it can take over."""

RECONNECT_SECONDS: Final = (0.1, 10.0)
"""The first and the longest wait between two attempts to connect again."""

RETRIES_A_STEP: Final = 50
"""Retries that are done before the log is looked at again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerOptions:
    """What a worker works with."""

    subscriber: SubscriberName
    registry: Registry
    handlers: Handlers
    reader: Reader
    source: ConnectionSource
    policy: RetryPolicy
    clock: Clock
    batch_size: int
    poll_interval: float


class Worker:
    """One run of a subscriber."""

    def __init__(self, options: WorkerOptions) -> None:
        self._options = options
        self._name = str(options.subscriber)
        self._blame = Blame()
        self._stopping = False
        self._wake = asyncio.Event()
        self._was_connected = False
        self._wait = RECONNECT_SECONDS[0]
        self.tally = Tally()
        """What was committed so far."""

    def stop(self) -> None:
        """Finish the handler that runs, commit what is done, and end."""
        self._stopping = True
        self._wake.set()

    async def run(self, *, drain: bool) -> None:
        """Deliver until :meth:`stop` is called, or until nothing waits if ``drain`` is true.

        Raises:
            ConfigurationError: the subscriber cannot start, or its subscription was retired meanwhile.
        """
        while not self._stopping:
            try:
                await self._session(drain=drain)
            except DatabaseUnavailableError as error:
                if not self._was_connected:
                    raise
                _log.warning("%s: %s Trying again in %.1f s.", self._name, error, self._wait)
                await self._pause(self._wait)
                self._wait = min(self._wait * 2, RECONNECT_SECONDS[1])
            else:
                return

    async def _session(self, *, drain: bool) -> None:
        connection = await self._options.source.acquire()
        try:
            subscription = await self._prepare(connection)
            if await self._own(connection, subscription):
                await self._deliver(connection, subscription, drain=drain)
        except Exception as error:
            if not is_connection_loss(connection, error):
                raise
            reason = str(error).partition("\n")[0] or type(error).__name__
            raise DatabaseUnavailableError(
                f"The connection was lost ({reason}); what was not committed is delivered again."
            ) from None
        finally:
            await self._release(connection)

    async def _prepare(self, connection: "Connection") -> int:
        """Make sure that the worker can start.

        Raises:
            NotMigratedError, UnknownSubscriptionError, ClusterChangedError: it cannot, as it is.
        """
        await check_migrated(connection)
        identifier = await subscription_id(connection, self._options.subscriber)
        await connection.execute(statement("prepare_session"))
        self._was_connected = True
        self._wait = RECONNECT_SECONDS[0]
        return identifier

    async def _own(self, connection: "Connection", subscription: int) -> bool:
        """Wait until this process owns the subscription, and tell whether it does (not if it was stopped)."""
        waited = False
        while not self._stopping:
            if await connection.fetchval(statement("try_own_subscription"), subscription):
                _log.info("%s: this process delivers now", self._name, extra={"subscriber": self._name})
                return True
            if not waited:
                _log.info(
                    "%s: another process delivers; standing by", self._name, extra={"subscriber": self._name}
                )
                waited = True
            await self._pause(STANDBY_SECONDS)
        return False

    async def _deliver(self, connection: "Connection", subscription: int, *, drain: bool) -> None:
        ignored = sorted(self._options.handlers.ignored)
        await note_start(connection, subscription, ignored)
        await connection.add_listener(CHANNEL, self._on_wakeup)
        batches = self._batches(connection, subscription, ignored)
        while not self._stopping:
            self._wake.clear()
            if await self._step(connection, batches):
                continue
            if drain:
                return
            await self._pause(self._options.poll_interval)

    async def _step(self, connection: "Connection", batches: Batches) -> bool:
        """Do one batch and the retries that are due, and tell whether there may be more to do."""
        try:
            step = await batches.next_batch()
        except CursorMovedError:
            # Either it is retired, which is an error from here, or it was registered again at another place.
            await subscription_id(connection, self._options.subscriber)
            batches.forget_cursor()
            return True
        retried = step.retries_due and await self._retry(batches)
        return step.more or retried

    async def _retry(self, batches: Batches) -> bool:
        for done in range(RETRIES_A_STEP):
            if self._stopping or not await batches.next_retry():
                return done > 0
        return True

    def _batches(self, connection: "Connection", subscription: int, ignored: list[str]) -> Batches:
        options = self._options
        return Batches(
            connection,
            subscription,
            Deliverer(
                connection,
                subscriber=self._name,
                registry=options.registry,
                reader=options.reader,
                handlers=options.handlers,
                blame=self._blame,
            ),
            rules=BatchRules(
                subscriber=self._name,
                ignored=ignored,
                size=options.batch_size,
                policy=options.policy,
                clock=options.clock,
            ),
            blame=self._blame,
            tally=self.tally,
            stopping=lambda: self._stopping,
        )

    async def _release(self, connection: "Connection") -> None:
        try:
            if not connection.is_closed():
                await connection.remove_listener(CHANNEL, self._on_wakeup)
                await connection.execute(statement("release_subscriptions"))
        except Exception:  # noqa: BLE001 - the end of the session releases the lock, too
            connection.terminate()
        finally:
            await self._options.source.release(connection)

    async def _pause(self, seconds: float) -> None:
        """Wait until the time passes, a wake-up comes, or the worker is stopped."""
        if self._stopping:
            return
        try:
            await asyncio.wait_for(self._wake.wait(), seconds)
        except TimeoutError:
            return

    def _on_wakeup(self, *_: Any) -> None:
        self._wake.set()
