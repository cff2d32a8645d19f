"""A package that has never heard of an event's version waits for one that has, wherever it gives up."""

import importlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from families_kit import Payload, installed, payload, write_families
from sguild_dispatcher import DeadLetter
from sguild_dispatcher.context import request_context
from sguild_dispatcher.database import Connection
from sguild_dispatcher.dead_letters import DeadLetterFilter, DeadLetters
from sguild_dispatcher.settings import Settings
from sguild_dispatcher.signing import Keyring
from sguild_dispatcher.subscriber import DrainResult
from sguild_dispatcher.testing.memory import MemoryDatabase

_TEXT: Payload = {"type": "string", "maxLength": 20}
_COUNT: Payload = {"type": "integer", "maximum": 9}

FAMILIES: dict[str, list[Payload]] = {
    # Version 2 does not look at "more", which version 1 wants as a number and version 3 has as a text.
    "was.dropped": [payload(more=_COUNT), payload(), payload(more=_TEXT)],
    # From version 2 to version 1 a function is needed; it knows nothing of the numbers of version 3.
    "was.renamed": [
        payload("count", count=_COUNT),
        payload("n", n={"type": "integer"}),
        payload("n", n={"type": "integer"}, more=_TEXT),
    ],
}
KEYRING = Keyring.generate(("sales",))

pytestmark = pytest.mark.usefixtures("packages")


@dataclass
class Place:
    """A database, in PostgreSQL or in memory."""

    connection: Any
    connections: Any
    dsn: str | None
    letters: Any


@pytest.fixture(params=["postgres", "memory"])
def place(request: pytest.FixtureRequest) -> Place:
    if request.param == "memory":
        database = MemoryDatabase()
        return Place(database.connection(), database, None, database.dead_letters)
    connection: Connection = request.getfixturevalue("connection")
    return Place(connection, None, request.getfixturevalue("dsn"), DeadLetters(connection))


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A package that knows versions 1 and 2, and one that knows version 3 too."""
    folder = tmp_path_factory.mktemp("unknown")
    with ExitStack() as stack:
        for name, known in (("two", 2), ("three", 3)):
            families = {event: versions[:known] for event, versions in FAMILIES.items()}
            contracts = write_families(folder / name, families)
            stack.enter_context(installed(folder, contracts, f"{name}_contracts"))
        yield


@dataclass
class Service:
    """A service that takes version 1, on one of both packages."""

    package: str
    place: Place
    emitted: list[int]

    def module(self, name: str) -> Any:
        return importlib.import_module(f"{self.package}_contracts.{name}")

    def subscriber(self, event: str, **hooks: Callable[[Any], Any]) -> Any:
        settings = Settings(dsn=self.place.dsn or "postgresql://nowhere/none", poll_interval=0.05)
        made = self.module("domains.sales").SalesSubscriber(
            "crm", settings=settings, keyring=KEYRING, connections=self.place.connections
        )

        async def handle(event: Any, _context: object) -> None:
            self.emitted.append(event.emitted_version)

        getattr(made, f"on_{event}_v1")(handle)
        for name, hook in hooks.items():
            getattr(made, name)(hook)
        return made

    async def publish(self, event: str, **given: Any) -> None:
        publisher = self.module("domains.sales").SalesPublisher(keyring=KEYRING, settings=Settings())
        made = getattr(self.module(f"testing.factories.{event}"), f"make_{event}")(**given)
        with request_context(tenant_id="tenant-1"):
            async with self.place.connection.transaction():
                await publisher.publish(self.place.connection, made)


@dataclass
class Stage:
    """The service before and after the deployment."""

    before: Service
    after: Service

    async def gives_up(self, subscriber: Any) -> Any:
        """Let the service of before meet the event, and return its dead letter."""
        await subscriber.register()
        assert await subscriber.drain() == DrainResult(dead=1)
        [letter] = await self.after.place.letters.list()
        return letter

    async def goes_on(self, subscriber: Any) -> None:
        """Replay what waits for the deployment."""
        replayed = await self.after.place.letters.replay(
            DeadLetterFilter(reason="unknown_version"), actor="ada", reason="version 3 is deployed"
        )
        assert replayed.count == 1
        assert await subscriber.drain() == DrainResult(delivered=1)
        assert self.after.emitted == [3]


@pytest.fixture
def stage(place: Place) -> Stage:
    return Stage(Service("two", place, []), Service("three", place, []))


async def test_what_the_handlers_version_refuses(stage: Stage) -> None:
    await stage.after.publish("was_dropped", more="text")
    letter = await stage.gives_up(stage.before.subscriber("was_dropped"))
    assert letter.reason == "unknown_version"
    assert letter.detail.startswith("was.dropped has no version 3 in the registry (version ")
    assert "): install a newer one. As version 1: /payload/more: " in letter.detail

    def without(new: Any) -> Any:
        return stage.after.module("events.was_dropped").WasDroppedV1(order_id=new.order_id)

    await stage.goes_on(stage.after.subscriber("was_dropped", adapt_was_dropped_v3_to_v1=without))


def returning(count: int) -> Callable[[Service], Callable[[Any], Any]]:
    def hook(service: Service) -> Callable[[Any], Any]:
        made = service.module("events.was_renamed").WasRenamedV1
        return lambda new: made.model_construct(order_id=new.order_id, count=count)

    return hook


def returning_itself(_: Service) -> Callable[[Any], Any]:
    return lambda new: new


def validating(service: Service) -> Callable[[Any], Any]:
    made = service.module("events.was_renamed").WasRenamedV1
    return lambda new: made(order_id=new.order_id, count=new.n)


@pytest.mark.parametrize(
    ("hook", "said"),
    [
        (returning(10), "returned what it does not accept: /payload/count: "),
        (returning_itself, "returned WasRenamedV2: it has to return WasRenamedV1."),
        (validating, "raised ValidationError."),
    ],
)
async def test_what_the_adapter_cannot_make(
    stage: Stage, hook: Callable[[Service], Callable[[Any], Any]], said: str
) -> None:
    await stage.after.publish("was_renamed", n=10)
    adapter = {"adapt_was_renamed_v2_to_v1": hook(stage.before)}
    letter = await stage.gives_up(stage.before.subscriber("was_renamed", **adapter))
    assert letter.reason == "unknown_version"
    assert f"install a newer one. The adapter to was.renamed version 1 {said}" in letter.detail
    known = returning(9)(stage.after)
    adapters = {f"adapt_was_renamed_v{version}_to_v1": known for version in (2, 3)}
    await stage.goes_on(stage.after.subscriber("was_renamed", **adapters))


async def test_a_verdict_of_the_adapter_stays_its_own(stage: Stage) -> None:
    def reject(_new: Any) -> Any:
        raise DeadLetter("nobody wants it")

    await stage.after.publish("was_renamed", n=10)
    letter = await stage.gives_up(stage.before.subscriber("was_renamed", adapt_was_renamed_v2_to_v1=reject))
    assert letter.reason == "handler_rejected"


async def test_of_a_version_that_is_known_the_adapter_is_to_blame(stage: Stage) -> None:
    await stage.before.publish("was_renamed", n=10)
    adapter = {"adapt_was_renamed_v2_to_v1": returning(10)(stage.before)}
    letter = await stage.gives_up(stage.before.subscriber("was_renamed", **adapter))
    assert letter.reason == "not_adapted"
    assert letter.detail.startswith("The adapter to was.renamed version 1 returned what it does not accept: ")
