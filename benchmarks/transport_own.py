"""Our own side: signed, validated, typed; three subscribers in one process, each on its own connections."""

import asyncio
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from importlib.resources import files
from typing import Any, Final, Self, TypeAlias
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from transport_load import BATCH, TENANT, payloads
from transport_timing import SETTLING_SECONDS, steadily, timed, until

from sguild_contracts import Event
from sguild_contracts.domains.coaching import CoachingSubscriber
from sguild_contracts.domains.delivery import DeliverySubscriber
from sguild_contracts.domains.revenue import RevenuePublisher
from sguild_contracts.domains.sales import SalesSubscriber
from sguild_contracts.events.credit_released import ReceivedCreditReleased, ReceivedCreditReleasedV1
from sguild_dispatcher import HandlerContext, Subscriber, Waker
from sguild_dispatcher.database import Connection
from sguild_dispatcher.migrations import migrate
from sguild_dispatcher.models import Envelope
from sguild_dispatcher.rights import role_of
from sguild_dispatcher.roles import apply_roles
from sguild_dispatcher.settings import Settings
from sguild_dispatcher.signing import Keyring
from sguild_dispatcher.testing.postgres import create_database
from sguild_dispatcher.versions import Reading

ROLES: Final = files("sguild_contracts").joinpath("roles.sql").read_text(encoding="utf-8")
PRODUCER: Final = "revenue"
_PASSWORD: Final = "as-benchmarks-do"  # noqa: S105 - for servers that ask for one
_KEYRING: Final = Keyring.generate([PRODUCER])

Reader: TypeAlias = SalesSubscriber | DeliverySubscriber | CoachingSubscriber
READERS: Final[tuple[type[Reader], ...]] = (SalesSubscriber, DeliverySubscriber, CoachingSubscriber)


class Own:
    """A database of its own with three subscriptions; ``roles`` has everything done by the domains' roles."""

    def __init__(self, dsn: str, *, roles: bool) -> None:
        self.dsn = dsn
        self._roles = roles
        self._publisher_dsn = _login_dsn(dsn, PRODUCER) if roles else dsn

    @classmethod
    async def create(cls, server: str, *, roles: bool) -> Self:
        """Make the database on the server, with the roles of the registry if they are wanted."""
        own = cls(await create_database(server), roles=roles)
        async with connected(own.dsn) as connection:
            await migrate(connection)
            if roles:
                await apply_roles(connection, ROLES)
                for domain in (PRODUCER, *(each.domain for each in READERS)):
                    await _create_login(connection, domain)
        for each in own._subscribers():
            await each.register("beginning")
        return own

    async def publish(self, connections: int, count: int) -> float:
        """Publish one by one, each in a transaction of its own, and return the seconds."""
        async with AsyncExitStack() as stack:
            waker = await stack.enter_async_context(Waker(self._publisher_dsn))
            opened = [
                await stack.enter_async_context(connected(self._publisher_dsn)) for _ in range(connections)
            ]
            publisher = self._publisher(waker)
            return await timed(*(self._publish(publisher, each, count // connections) for each in opened))

    async def _publish(self, publisher: RevenuePublisher, connection: Connection, count: int) -> None:
        for payload in payloads(count):
            async with connection.transaction():
                await publisher.credit_released(connection, payload)

    async def publish_batches(self, batches: int) -> float:
        """Publish batches of 1,000, each in a transaction of its own, and return the seconds."""
        async with Waker(self._publisher_dsn) as waker, connected(self._publisher_dsn) as connection:
            return await timed(self._publish_batches(self._publisher(waker), connection, batches))

    async def _publish_batches(
        self, publisher: RevenuePublisher, connection: Connection, batches: int
    ) -> None:
        for _ in range(batches):
            async with connection.transaction():
                await publisher.publish_many(connection, payloads(BATCH))

    async def deliver(self) -> float:
        """Deliver to each subscriber what waits for it, and return the seconds."""
        return await timed(*(each.drain() for each in self._subscribers()))

    async def times(self, count: int, interval: float) -> list[float]:
        """Publish steadily while a worker runs, and return the seconds from each publish to its handler."""
        begun: dict[str, float] = {}
        taken: list[float] = []
        subscriber = self._subscriber(SalesSubscriber)

        async def note(event: Event[ReceivedCreditReleased], _: HandlerContext) -> None:
            taken.append(time.perf_counter() - begun[str(event.payload.reason_note)])

        subscriber.on_credit_released(note)
        async with (
            Waker(self._publisher_dsn) as waker,
            connected(self._publisher_dsn) as connection,
            running(subscriber),
        ):
            publisher = self._publisher(waker)
            (sample,) = payloads(1)

            async def send(number: int) -> None:
                payload = sample.model_copy(update={"reason_note": str(number)})
                begun[str(number)] = time.perf_counter()
                async with connection.transaction():
                    await publisher.credit_released(connection, payload)

            await steadily(send, count, interval)
            await until(lambda: len(taken) == count)
        return taken

    async def body_bytes(self) -> float:
        """Return the bytes of a body, on average."""
        async with connected(self.dsn) as connection:
            return float(
                await connection.fetchval("select avg(octet_length(body)) from sguild_dispatcher.event_log")
            )

    def _publisher(self, waker: Waker) -> RevenuePublisher:
        return RevenuePublisher(keyring=_KEYRING, settings=Settings(tenant_id=TENANT), waker=waker)

    def _subscribers(self) -> list[Reader]:
        subscribers = [self._subscriber(each) for each in READERS]
        for each in subscribers:
            each.on_credit_released(_ignore)
        return subscribers

    def _subscriber(self, kind: type[Reader]) -> Reader:
        dsn = _login_dsn(self.dsn, kind.domain) if self._roles else self.dsn
        made = kind("bench", settings=Settings(dsn=dsn), keyring=_KEYRING)
        made.adapt_credit_released_v1_to_v2(_never)
        return made


@asynccontextmanager
async def running(subscriber: Subscriber) -> AsyncGenerator[None, None]:
    """Let a subscriber deliver during a block."""
    task = asyncio.create_task(subscriber.run())
    await asyncio.sleep(SETTLING_SECONDS)
    try:
        yield
    finally:
        await subscriber.stop()
        await task


@asynccontextmanager
async def connected(dsn: str) -> AsyncGenerator[Connection, None]:
    """Open a connection."""
    connection: Connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


@contextmanager
def exact_only() -> Generator[None, None, None]:
    """Let readers take what producers have to write, and nothing else, during a block."""
    tolerant = Reading.read

    def exact(self: Reading, body: bytes) -> Envelope[Any]:
        event: Envelope[Any] = self.plan.event.__pydantic_validator__.validate_json(body)
        return event

    Reading.read = exact  # type: ignore[method-assign]
    try:
        yield
    finally:
        Reading.read = tolerant  # type: ignore[method-assign]


async def _ignore(_: Event[ReceivedCreditReleased], __: HandlerContext) -> None:
    """Do nothing, as the handlers of the peers."""


def _never(old: ReceivedCreditReleasedV1) -> ReceivedCreditReleased:
    raise AssertionError(old)  # no event of version 1 is published here


async def _create_login(connection: Connection, domain: str) -> None:
    with suppress(asyncpg.DuplicateObjectError):  # roles belong to the whole server
        await connection.execute(
            f"create role bench_{domain} login password '{_PASSWORD}' in role {role_of(domain)}"
        )


def _login_dsn(dsn: str, domain: str) -> str:
    parts = urlsplit(dsn)
    return urlunsplit(parts._replace(netloc=f"bench_{domain}:{_PASSWORD}@{parts.netloc.rpartition('@')[2]}"))
