"""The base of generated subscribers: handlers, and the worker that calls them.

::

    subscriber = SalesSubscriber(name="sales-crm")

    @subscriber.on_credit_locked
    async def close_lead(event: Event[CreditLocked], context: HandlerContext) -> None: ...

    sys.exit(subscriber.serve())
"""

import asyncio
import logging
import sys
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar

from sguild_dispatcher.clock import Clock, system_clock
from sguild_dispatcher.database import ConnectionSource
from sguild_dispatcher.errors import ConfigurationError, MissingKeyError
from sguild_dispatcher.handlers import Handler, HandlerContext, Handlers
from sguild_dispatcher.migrations import check_migrated
from sguild_dispatcher.reading import Reader
from sguild_dispatcher.registry import Registry
from sguild_dispatcher.retries import RetryPolicy
from sguild_dispatcher.settings import Settings
from sguild_dispatcher.signals import stopped_by_signals
from sguild_dispatcher.signing import Keyring
from sguild_dispatcher.subscriptions import Start, SubscriberName, register
from sguild_dispatcher.worker import Worker, WorkerOptions

if TYPE_CHECKING:
    from sguild_dispatcher.database import Pool

__all__ = ["DrainResult", "Handler", "HandlerContext", "RetryPolicy", "Subscriber"]

_log: Final = logging.getLogger(__name__)

_CANNOT_START: Final = 2

HandlerT = TypeVar("HandlerT", bound=Handler)


@dataclass(frozen=True, slots=True, kw_only=True)
class DrainResult:
    """What :meth:`Subscriber.drain` did.

    Attributes:
        delivered: events whose handler succeeded; their effects are committed.
        retried: attempts that failed and are scheduled to be tried again.
        dead: events that became dead letters.
        passed_over: events of types that have no handler.
    """

    delivered: int = 0
    retried: int = 0
    dead: int = 0
    passed_over: int = 0


class Subscriber:
    """Delivers the events that a domain subscribes to, in the order of the log, to one handler an event type.

    Effects that a handler writes on ``context.connection`` commit together with the cursor: they happen once.
    A handler is called again when its batch is done again, so calls to the outside may happen more than once.

    Args:
        name: the service within the domain, as ``sales-crm``. Processes of one name share the work, one of
            them at a time; each name gets every event.
        settings: by default those of the environment, read when they are needed first.
        keyring: keys to verify with, by default those of ``SGUILD_DISPATCHER_KEYRING``.
        dsn: the database, by default that of the settings.
        pool: an asyncpg pool to take the connection from instead; one connection stays taken.
        clock: only tests replace it.
        retry: when to try again, by default as the settings say.

    Raises:
        ConfigurationError: the name is not usable.
    """

    domain: ClassVar[str]
    """The domain that reads."""

    registry: ClassVar[Registry]
    """The registry of the generated package."""

    def __init__(
        self,
        name: str,
        *,
        settings: Settings | None = None,
        keyring: Keyring | None = None,
        dsn: str | None = None,
        pool: "Pool | None" = None,
        clock: Clock = system_clock,
        retry: RetryPolicy | None = None,
    ) -> None:
        self._subscriber = SubscriberName(self.domain, name)
        self._given_settings = settings
        self._keyring = keyring
        self._dsn = dsn
        self._pool = pool
        self._clock = clock
        self._retry = retry
        self._handlers = Handlers(self.domain, self.registry)
        self._worker: Worker | None = None
        self._ended = asyncio.Event()
        self._task: asyncio.Task[Any] | None = None

    @property
    def name(self) -> str:
        """The subscriber's full name, as ``sales/sales-crm``."""
        return str(self._subscriber)

    async def register(self, start: Start = "beginning") -> bool:
        """Create the subscription, and tell whether it is new; one that is active stays where it is.

        Raises:
            DatabaseUnavailableError, NotMigratedError: the database is not ready.
        """
        source = self._source()
        connection = await source.acquire()
        try:
            await check_migrated(connection)
            return await register(connection, self._subscriber, start=start)
        finally:
            await source.release(connection)

    def serve(self) -> int:
        """Run as a whole process does, and return its exit code: ``sys.exit(subscriber.serve())``.

        It delivers until SIGTERM or SIGINT as :meth:`run` does, in an event loop of its own, and returns 0.
        When the service cannot start as it is configured, or its subscription is retired meanwhile, it
        says so on stderr, without a traceback, and returns 2. Any other error is raised.
        """
        try:
            asyncio.run(self.run())
        except ConfigurationError as error:
            sys.stderr.write(f"{self.name} cannot run. {error}\n")
            return _CANNOT_START
        return 0

    async def run(self) -> None:
        """Deliver until :meth:`stop`, SIGTERM or SIGINT; the handler that runs is finished and committed.

        A lost connection is opened again for as long as it takes.

        Raises:
            SettingsError, KeyringError: a setting or the keyring is wrong.
            DatabaseUnavailableError: the database cannot be reached at the start.
            NotMigratedError, UnknownSubscriptionError, MissingKeyError, ClusterChangedError: the subscriber
                cannot start; the message names the command that mends it.
        """
        await self._work(drain=False)

    async def drain(self) -> DrainResult:
        """Deliver until nothing waits, retries that are due included.

        Retries that are scheduled for later are not waited for. While another process delivers for the
        same subscriber, this one waits until that one ends.

        Raises:
            ConfigurationError: as :meth:`run`.
        """
        tally = (await self._work(drain=True)).tally
        return DrainResult(
            delivered=tally.delivered, retried=tally.retried, dead=tally.dead, passed_over=tally.passed_over
        )

    async def stop(self) -> None:
        """Let a run finish the handler at hand, commit and end; return when it has ended.

        Called from a handler it returns at once, and the run ends after that handler.
        """
        if self._worker is None:
            return
        self._worker.stop()
        if asyncio.current_task() is not self._task:
            await self._ended.wait()

    def _handle(self, handler: HandlerT, event_type: str, version: int) -> HandlerT:
        """Register a handler for one version of an event type; what generated decorators call.

        Raises:
            DuplicateHandlerError: the event type has a handler already.
        """
        self._handlers.add(event_type, version, handler)
        return handler

    @cached_property
    def _settings(self) -> Settings:
        return self._given_settings or Settings.from_environment()

    async def _work(self, *, drain: bool) -> Worker:
        if self._worker is not None:
            raise RuntimeError(f"{self.name} is running already: a subscriber runs once at a time.")
        worker = Worker(self._options())
        self._worker, self._task = worker, asyncio.current_task()
        self._ended.clear()
        self._log_passed_over()
        try:
            with stopped_by_signals(worker.stop):
                await worker.run(drain=drain)
        finally:
            self._worker = self._task = None
            self._ended.set()
        return worker

    def _options(self) -> WorkerOptions:
        return WorkerOptions(
            subscriber=self._subscriber,
            registry=self.registry,
            handlers=self._handlers,
            reader=Reader(self.registry, self._usable_keyring()),
            source=self._source(),
            policy=self._retry or RetryPolicy.from_settings(self._settings),
            clock=self._clock,
            batch_size=self._settings.batch_size,
            poll_interval=self._settings.poll_interval,
        )

    def _source(self) -> ConnectionSource:
        if self._pool is not None:
            return ConnectionSource(pool=self._pool)
        return ConnectionSource(dsn=self._dsn or self._settings.require_dsn())

    def _usable_keyring(self) -> Keyring:
        """Return the keys, after making sure that there is one for each producer whose events are handled."""
        keyring = self._settings.load_keyring() if self._keyring is None else self._keyring
        present = {key.domain for key in keyring}
        missing = [each for each in self._handlers.producers if each not in present]
        if missing:
            raise MissingKeyError(
                f"{self.name} handles events of {', '.join(missing)}, and the keyring has no key to "
                "verify them with: add the keys that they sign with to the file of SGUILD_DISPATCHER_KEYRING."
            )
        return keyring

    def _log_passed_over(self) -> None:
        passed_over = self._handlers.passed_over
        if passed_over:
            _log.info(
                "%s has no handler for %s: their events are passed over",
                self.name,
                ", ".join(passed_over),
                extra={"subscriber": self.name, "event_types": passed_over},
            )
