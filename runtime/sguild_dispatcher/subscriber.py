"""The base of generated subscribers: handlers, and the worker that calls them.

::

    subscriber = SalesSubscriber(name="sales-crm")

    @subscriber.on_credit_locked
    async def close_lead(event: Event[CreditLocked], context: HandlerContext) -> None: ...

    sys.exit(subscriber.serve())
"""

import asyncio
import copy
import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, ClassVar, Final, Self, TypeVar

from sguild_dispatcher.clock import Clock, system_clock
from sguild_dispatcher.delivery.assembly import Assembly
from sguild_dispatcher.delivery.context import HandlerContext
from sguild_dispatcher.delivery.outcomes import DeadLetter, Discard, Retry
from sguild_dispatcher.delivery.progress import BATCH_SECONDS
from sguild_dispatcher.errors import ConfigurationError, MissingKeyError
from sguild_dispatcher.handlers import Handler, HandlerOptions, Handlers
from sguild_dispatcher.reading import Reader
from sguild_dispatcher.registry import Registry
from sguild_dispatcher.retries import RetryPolicy
from sguild_dispatcher.roles import ReadingRights
from sguild_dispatcher.settings import Settings
from sguild_dispatcher.signals import ending_process, stopped_by_signals
from sguild_dispatcher.signing import FollowedKeyring, Keyring
from sguild_dispatcher.subscriptions import Start, SubscriberName
from sguild_dispatcher.telemetry import Consuming
from sguild_dispatcher.telemetry.endpoint import endpoint
from sguild_dispatcher.telemetry.libraries import load_prometheus
from sguild_dispatcher.transport.databases import postgres_sources
from sguild_dispatcher.transport.sources import BringsSources, Source
from sguild_dispatcher.versions import Hook
from sguild_dispatcher.worker import Worker

__all__ = [
    "DeadLetter",
    "Discard",
    "DrainResult",
    "Handler",
    "HandlerContext",
    "Retry",
    "RetryPolicy",
    "Subscriber",
]

_log: Final = logging.getLogger(__name__)

_CANNOT_START: Final = 2

HandlerT = TypeVar("HandlerT", bound=Handler)
HookT = TypeVar("HookT", bound=Hook)


@dataclass(frozen=True, slots=True, kw_only=True)
class DrainResult:
    """What :meth:`Subscriber.drain` did.

    Attributes:
        delivered: events whose handler succeeded; their effects are committed.
        retried: attempts that failed and are scheduled to be tried again.
        dead: events that became dead letters.
        discarded: events that a handler wanted no more of.
        held: events that wait for an earlier one of their key.
        duplicates: events that were left out, because their effects were committed before.
        passed_over: events of types that have no handler.
    """

    delivered: int = 0
    retried: int = 0
    dead: int = 0
    discarded: int = 0
    held: int = 0
    duplicates: int = 0
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
        dsn: the subscriber's own database, by default that of the settings.
        connections: a pool or engine to take connections to it from instead: an asyncpg ``Pool``, a
            psycopg_pool ``AsyncConnectionPool`` or an SQLAlchemy ``AsyncEngine``. A handler's
            ``context.connection`` is of its kind. One connection stays taken for each partition that the
            process owns, and one more.
        clock: only tests replace it.
        retry: when to try again, by default as the settings say.
        hold_back: whether later events of an ordering key wait while an earlier one is retried or is a dead
            letter.

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
        connections: object = None,
        clock: Clock = system_clock,
        retry: RetryPolicy | None = None,
        hold_back: bool = False,
    ) -> None:
        self._subscriber = SubscriberName(self.domain, name)
        self._given_settings = settings
        self._keyring = keyring
        self._dsn = dsn
        self._connections = connections
        self._clock = clock
        self._retry = retry
        self._hold_back = hold_back
        self._handler_options = HandlerOptions()
        self._handlers = Handlers(self.domain, self.registry)
        self._worker: Worker | None = None
        self._ended = asyncio.Event()
        self._task: asyncio.Task[Any] | None = None

    @property
    def name(self) -> str:
        """The subscriber's full name, as ``sales/sales-crm``."""
        return str(self._subscriber)

    def connected_to(
        self,
        connections: object,
        *,
        keyring: Keyring | None = None,
        clock: Clock | None = None,
        wrap: Callable[[Handler], Handler] = lambda handler: handler,
    ) -> Self:
        """Return another subscriber with the name and the handlers of this one, on other connections.

        So the subscriber of a service runs in a test as it is: see :mod:`sguild_dispatcher.testing`.

        Args:
            connections: as in the constructor.
            keyring: by default that of this one.
            clock: by default that of this one.
            wrap: returns what is called in place of a handler.
        """
        other = type(self)(
            self._subscriber.name,
            settings=self._given_settings,
            keyring=keyring or self._keyring,
            connections=connections,
            clock=clock or self._clock,
            retry=self._retry,
            hold_back=self._hold_back,
        )
        other._handlers = self._handlers.wrapped(wrap)  # noqa: SLF001 - it is of this class
        return other

    def leased(self, *, timeout: float | None = None) -> Self:
        """Return this subscriber as a place for handlers that call out; no transaction is open around them.

        ::

            @subscriber.leased(timeout=300).on_credit_locked
            async def tell_the_bank(event: Event[CreditLocked], context: HandlerContext) -> None: ...

        Such a handler is called at least once. Its event is noted in the inbox afterwards, and is not
        delivered again; what the handler itself writes is guarded by ``context.claim(connection)``. A plain
        function is run in a thread.

        Args:
            timeout: seconds after which it has failed; a thread cannot be stopped and goes on.

        Raises:
            ConfigurationError: no handler can keep that limit.
        """
        return self._with(HandlerOptions(mode="leased", timeout=timeout))

    def transactional(self, *, timeout: float | None = None) -> Self:
        """Return this subscriber as a place for handlers in the worker's transaction, which is the default.

        Args:
            timeout: seconds after which it has failed, by default ``SGUILD_DISPATCHER_HANDLER_TIMEOUT``.

        Raises:
            ConfigurationError: no handler can keep that limit.
        """
        return self._with(HandlerOptions(timeout=timeout))

    def _with(self, options: HandlerOptions) -> Self:
        view = copy.copy(self)
        view._handler_options = options  # noqa: SLF001 - it is this object in another mood
        return view

    async def register(self, start: Start = "beginning", *, partitions: int = 1) -> bool:
        """Create the subscription in each database that is read, and tell whether it is new in any.

        One that is active stays as it is.

        Raises:
            ConfigurationError: there are 1 to 64 partitions.
            DatabaseUnavailableError, NotMigratedError: a database is not ready.
            MissingRightsError: the role of a connection may not register.
        """
        new = False
        for source in self._sources():
            new |= await source.register(self._subscriber, start=start, partitions=partitions)
        return new

    def serve(self) -> int:
        """Run as a whole process does, and return its exit code: ``sys.exit(subscriber.serve())``.

        It delivers until SIGTERM or SIGINT as :meth:`run` does, in an event loop of its own, and returns 0.
        The loop is uvloop's where that is installed, as with the extra ``fast``.
        When the service cannot start as it is configured, or its subscription is retired meanwhile, it
        says so on stderr, without a traceback, and returns 2. Any other error is raised.
        """
        try:
            with ending_process(), asyncio.Runner(loop_factory=_loop_factory()) as runner:
                runner.run(self.run())
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
            NotMigratedError, UnknownSubscriptionError, MissingKeyError, MissingAdapterError,
                ClusterChangedError, MissingRightsError, HiddenEventsError: the subscriber cannot start; the
                    message names the
                command that mends it.
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
        return DrainResult(**{each.name: getattr(tally, each.name) for each in fields(DrainResult)})

    async def stop(self) -> None:
        """Let a run finish the handler at hand, commit and end; return when it has ended.

        Called from a handler it returns at once, and the run ends after that handler.
        """
        if self._worker is None:
            return
        self._worker.stop()
        if asyncio.current_task() is not self._task and not self._worker.is_delivering():
            await self._ended.wait()

    def _handle(self, handler: HandlerT, event_type: str, version: int) -> HandlerT:
        """Register a handler for one version of an event type; what generated decorators call.

        Raises:
            DuplicateHandlerError: the event type has a handler already.
        """
        self._handlers.add(event_type, version, handler, self._handler_options)
        return handler

    def _adapt(self, adapter: HookT, event_type: str, source: int, target: int) -> HookT:
        """Register a function from one version to another; what generated decorators call.

        Raises:
            DuplicateHandlerError: there is one for the two versions already.
        """
        self._handlers.adapt(event_type, source, target, adapter)
        return adapter

    @cached_property
    def _settings(self) -> Settings:
        return self._given_settings or Settings.from_environment()

    async def _work(self, *, drain: bool) -> Worker:
        if self._worker is not None:
            raise RuntimeError(f"{self.name} is running already: a subscriber runs once at a time.")
        settings = self._settings
        # What is drained, ends soon: it answers no probes.
        port = None if drain else settings.metrics_port
        if port is not None:
            load_prometheus()
        worker = self._new_worker()
        self._worker, self._task = worker, asyncio.current_task()
        self._ended.clear()
        self._log_passed_over()
        try:
            with stopped_by_signals(worker.stop):
                async with endpoint(settings.metrics_host, port, self.name, worker.complaints):
                    await worker.run(drain=drain)
        finally:
            self._worker = self._task = None
            self._ended.set()
        return worker

    def _new_worker(self) -> Worker:
        settings = self._settings
        self._handlers.check_adapters()
        assembly = Assembly(
            subscriber=self.name,
            registry=self.registry,
            handlers=self._handlers,
            reader=Reader(self.registry, self._usable_keyring(), self._handlers.hooks),
            policy=self._retry or RetryPolicy.from_settings(settings),
            clock=self._clock,
            batch_size=settings.batch_size,
            handler_timeout=settings.handler_timeout,
            hold_back=self._hold_back,
            telemetry=Consuming(self._subscriber, known=self.registry, harmless=(Discard,)),
        )
        return Worker(
            self._subscriber,
            self._sources(),
            assembly,
            ignored=sorted(self._handlers.ignored),
            poll_interval=settings.poll_interval,
            lease_seconds=settings.lease_seconds,
        )

    def _sources(self) -> Sequence[Source]:
        """Return the logs to read: the own database's, and those of producers that publish elsewhere."""
        if isinstance(self._connections, BringsSources):
            return self._connections.dispatcher_sources()
        settings = self._settings
        longest = self._handlers.longest(settings.handler_timeout)
        return postgres_sources(
            ReadingRights.of(self.domain, self.registry),
            self.registry,
            settings,
            dsn=self._dsn,
            connections=self._connections,
            idle_seconds=BATCH_SECONDS + longest + settings.lease_seconds,
        )

    def _usable_keyring(self) -> Keyring | FollowedKeyring:
        """Return the keys, after making sure that there is one for each producer whose events are handled."""
        if self._keyring is None:
            return self._settings.load_keyring(clock=self._clock, check=self._check_keyring)
        self._check_keyring(self._keyring)
        return self._keyring

    def _check_keyring(self, keyring: Keyring) -> None:
        missing = [each for each in self._handlers.producers if not keyring.verifying(each)]
        if missing:
            raise MissingKeyError(
                f"{self.name} handles events of {', '.join(missing)}, and the keyring has no key to "
                "verify them with: add the keys that they sign with to the file of SGUILD_DISPATCHER_KEYRING."
            )

    def _log_passed_over(self) -> None:
        passed_over = self._handlers.passed_over
        if passed_over:
            _log.info(
                "%s has no handler for %s: their events are passed over",
                self.name,
                ", ".join(passed_over),
                extra={
                    "code": "event-types-passed-over",
                    "subscriber": self.name,
                    "event_types": list(passed_over),
                },
            )


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes the fastest event loop that is installed, ``None`` for that of Python itself."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
