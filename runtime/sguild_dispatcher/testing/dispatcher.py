"""What the fixture ``dispatcher`` gives to a test: everything between publishers and handlers, in memory."""

from dataclasses import fields
from typing import Any, Final, overload

from sguild_dispatcher.context import current_context, request_context
from sguild_dispatcher.models import Envelope, Payload, PayloadT
from sguild_dispatcher.publisher import AsyncConnection, Publisher
from sguild_dispatcher.registry import Registry
from sguild_dispatcher.signing import Keyring
from sguild_dispatcher.subscriber import DrainResult, Subscriber
from sguild_dispatcher.testing.clock import ManualClock
from sguild_dispatcher.testing.faults import Fault, Faults
from sguild_dispatcher.testing.memory import MemoryDatabase, MemoryDeadLetters
from sguild_dispatcher.testing.memory.tables import FailedDelivery

TENANT: Final = "tenant-test"


class NotDeliveredError(AssertionError):
    """Deliveries failed that the test did not let fail; the cause is what the first handler raised."""


class Dispatcher:
    """Publishers' connections, the log, and delivery, for one test.

    Args:
        registry: of the generated package.
        keyring: a key for each domain.
        clock: what the whole test goes by.

    Attributes:
        database: the log in memory; hand it to a ``Subscriber`` as ``connections`` to run one yourself.
        connection: for code that publishes with asyncio.
        sync_connection: for code that publishes without.
        keyring: keys to sign and verify with; publishers without keys of their own have it already.
        clock: stands still until the test moves it; publishers and subscribers go by it already.
    """

    def __init__(self, registry: Registry, keyring: Keyring, clock: ManualClock) -> None:
        self.database: Final = MemoryDatabase(clock=clock)
        self.connection: Final = self.database.connection()
        self.sync_connection: Final = self.database.sync_connection()
        self.keyring: Final = keyring
        self.clock: Final = clock
        self._registry = registry
        self._faults = Faults()

    @property
    def dead_letters(self) -> MemoryDeadLetters:
        """What could not be delivered; replay or discard it as people do."""
        return self.database.dead_letters

    @overload
    def published(self) -> list[Envelope[Any]]: ...

    @overload
    def published(self, payload: type[PayloadT]) -> list[Envelope[PayloadT]]: ...

    def published(self, payload: type[Payload] = Payload) -> list[Any]:
        """Return the events that were published and committed, in order; of one payload class, if given."""
        events = [
            self._registry.event_model(row["event_type"], row["schema_version"]).model_validate_json(
                row["body"]
            )
            for row in self.database.rows
        ]
        return [each for each in events if isinstance(each.payload, payload)]

    async def publish(self, payload: Payload, *, tenant_id: str | None = None) -> str:
        """Publish as the event's own producer would, and commit, to see what subscribers make of it.

        Args:
            payload: of whatever event type.
            tenant_id: by default that of the request context, else one for tests.

        Returns:
            The id of the event.

        Raises:
            PublishError: its producer may not publish it.
        """
        connection = self.database.connection()
        tenant = tenant_id or current_context().tenant_id or TENANT
        publisher = self._publisher(self._registry.event_type(payload.__event_type__).producer)
        with request_context(tenant_id=tenant):
            async with connection.transaction():
                return await publisher.publish(connection, payload)

    def fail_next(self, payload: type[Payload], error: Exception, *, times: int = 1) -> None:
        """Let the next delivery of an event type fail with ``error``, before its handler is called.

        ``Retry``, ``Discard`` and ``DeadLetter`` have the effect that they have in a handler.

        Args:
            payload: the payload class of the event type.
            error: what is raised.
            times: how many deliveries fail; each further attempt is one.
        """
        self._faults.add(Fault(payload.__event_type__, error, times))

    async def deliver(self, *subscribers: Subscriber, allow_failures: bool = False) -> DrainResult:
        """Deliver to subscribers until nothing waits for any of them, and return what was done.

        Who is not registered yet is, from the beginning of the log. Retries that are due by the clock are
        made, and others are not waited for. The subscribers themselves stay as they are: their handlers are
        called on this database.

        Args:
            subscribers: in the order in which they come to their turn.
            allow_failures: whether a handler that fails on its own is part of the test.

        Raises:
            NotDeliveredError: a delivery failed, and neither :meth:`fail_next` nor the handler's verdict
                (``Retry``, ``Discard``, ``DeadLetter``) wanted it to.
        """
        if not subscribers:
            raise TypeError("deliver() needs the subscribers whose handlers are to be called.")
        before = self.database.failures
        bound = [
            each.connected_to(self.database, keyring=self.keyring, clock=self.clock, wrap=self._faults.wrap)
            for each in subscribers
        ]
        for each in bound:
            await each.register()
        done = await _drained(bound)
        if not allow_failures:
            self._check([each for each in self.database.failures if each not in before])
        return done

    def _check(self, failures: list[FailedDelivery]) -> None:
        """Raise what the test did not ask for."""
        lines: list[str] = []
        cause: Exception | None = None
        for each in failures:
            row, name = each.attempt.row, str(self.database.subscriber(each.subscription))
            try:
                error = self._faults.unexpected(name, row["event_id"])
            except LookupError:
                continue
            if each.attempt.state != "held":
                cause = cause or error
                lines.append(
                    f"  {name}: {row['event_type']} {row['event_id']}: {each.attempt.reason}, "
                    f"{each.attempt.detail}"
                )
        if lines:
            raise NotDeliveredError(
                "\n".join(["Deliveries failed; if they are to, say allow_failures=True:", *lines])
            ) from cause

    def _publisher(self, domain: str) -> "_AnyPublisher":
        bases, members = (_AnyPublisher,), {"domain": domain, "registry": self._registry}
        kind: type[_AnyPublisher] = type("TestPublisher", bases, members)
        return kind(keyring=self.keyring, clock=self.clock)


class _AnyPublisher(Publisher):
    """Publishes whatever its domain may."""

    async def publish(self, connection: AsyncConnection, payload: Payload) -> str:
        return await self._publish_any(connection, payload)


async def _drained(subscribers: list[Subscriber]) -> DrainResult:
    """Drain in turn until no one has anything left, since handlers publish for others."""
    total = DrainResult()
    while True:
        before = total
        for each in subscribers:
            total = _sum(total, await each.drain())
        if total == before:
            return total


def _sum(one: DrainResult, other: DrainResult) -> DrainResult:
    names = [each.name for each in fields(DrainResult)]
    return DrainResult(**{name: getattr(one, name) + getattr(other, name) for name in names})
