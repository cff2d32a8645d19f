"""A cutover as a company lives it: two packages, one of which has never heard of version 2, on one log."""

import importlib
import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from command_kit import ROOT

from families_kit import FAMILIES, installed, write_families
from sguild_dispatcher import DeadLetter, HandlerContext
from sguild_dispatcher.context import request_context
from sguild_dispatcher.database import Connection
from sguild_dispatcher.dead_letters import DeadLetterFilter, DeadLetters
from sguild_dispatcher.errors import DuplicateHandlerError, EmissionWindowError, MissingAdapterError
from sguild_dispatcher.settings import Settings
from sguild_dispatcher.signing import Keyring
from sguild_dispatcher.subscriber import Subscriber
from sguild_dispatcher.subscriptions import SubscriberName

CUTOVER = datetime(2026, 5, 22, tzinfo=UTC)
REGISTRY = "event-types-registry.json"
TWO_VERSIONS = (
    r"credit\.released has two handlers, Readings\.handle of version 2 and Readings\.handle of version 1: "
    r"keep one\. It is given every event, whichever version was emitted\."
)


def without_version_2(folder: Path) -> Path:
    """Return the real contracts as they were before version 2 of credit.released."""
    contracts = Path(shutil.copytree(ROOT / "contracts", folder / "contracts"))
    (contracts / "credit-reservation-lock/schema/payloads/credit.released-v2.json").unlink()
    registry = json.loads((contracts / REGISTRY).read_text("utf-8"))
    registry["registry_version"] = "1.9.0"
    released = next(each for each in registry["event_types"] if each["event_type"] == "credit.released")
    released["versions"] = [{"version": 1, "status": "current"}]
    (contracts / REGISTRY).write_text(json.dumps(registry), "utf-8")
    return contracts


@dataclass
class Package:
    """One generated package, and what a deployment of it publishes and reads with."""

    name: str
    keyring: Keyring
    dsn: str
    now: list[datetime]

    def module(self, name: str) -> Any:
        return importlib.import_module(f"{self.name}.{name}")

    def publisher(self, **settings: Any) -> Any:
        made = self.module("domains.revenue").RevenuePublisher
        return made(keyring=self.keyring, settings=Settings(**settings), clock=lambda: self.now[0])

    def subscriber(self, service: str) -> Any:
        made = self.module("domains.coaching").CoachingSubscriber
        settings = Settings(dsn=self.dsn, poll_interval=0.05)
        return made(service, settings=settings, keyring=self.keyring, clock=lambda: self.now[0])

    def payload(self, version: int, **given: Any) -> Any:
        make = self.module("testing.factories.credit_released")
        suffix = (
            ""
            if version == self.module("registry").registry.event_type("credit.released").live[-1].version
            else f"_v{version}"
        )
        return getattr(make, f"make_credit_released{suffix}")(**given)


@dataclass
class Readings:
    """What the handlers of one service were given: the event's id, the emitted version, and the payload."""

    seen: list[tuple[str, int, Any]] = field(default_factory=list)

    async def handle(self, event: Any, _context: HandlerContext) -> None:
        self.seen.append((event.event_id, event.emitted_version, event.payload))

    @property
    def ids(self) -> list[str]:
        return [each[0] for each in self.seen]

    def types(self) -> set[str]:
        return {type(each[2]).__name__.removeprefix("Received") for each in self.seen}


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The names of both packages: without and with version 2."""
    folder = tmp_path_factory.mktemp("rolling")
    with ExitStack() as stack:
        stack.enter_context(installed(folder, without_version_2(folder / "old"), "old_contracts"))
        stack.enter_context(installed(folder, ROOT / "contracts", "new_contracts"))
        yield "old_contracts", "new_contracts"


@dataclass
class Company:
    """Both deployments on one database, and a clock for both."""

    old: Package
    new: Package
    now: list[datetime]
    connection: Connection

    async def publish(self, publisher: Any, *payloads: Any) -> list[str]:
        with request_context(tenant_id="tenant-1"):
            async with self.connection.transaction():
                return [str(await publisher.publish(self.connection, each)) for each in payloads]


@pytest.fixture
def company(packages: tuple[str, str], connection: Connection, dsn: str) -> Company:
    keyring = Keyring.generate(("revenue",))
    now = [CUTOVER - timedelta(days=1)]
    old, new = (Package(name, keyring, dsn, now) for name in packages)
    return Company(old, new, now, connection)


def by_policy(package: Package) -> Any:
    """Return the hook of a service that moves to version 2."""

    def adapt(old: Any) -> Any:
        made = package.module("events.credit_released").ReceivedCreditReleasedV2
        return made(**{**old.model_dump(), "reason_code": "policy_exception"})

    return adapt


async def drained(subscriber: Subscriber, *, delivered: int) -> None:
    done = await subscriber.drain()
    assert (done.delivered, done.dead, done.retried) == (delivered, 0, 0), done


async def test_a_cutover_loses_and_refuses_nothing(company: Company) -> None:
    old, new = company.old, company.new
    services = {name: Readings() for name in ("old", "new-v1", "new-v2")}
    readers = {
        "old": old.subscriber("old"),
        "new-v1": new.subscriber("new-v1"),
        "new-v2": new.subscriber("new-v2"),
    }
    readers["old"].on_credit_released(services["old"].handle)
    readers["new-v1"].on_credit_released_v1(services["new-v1"].handle)
    readers["new-v2"].on_credit_released(services["new-v2"].handle)
    readers["new-v2"].adapt_credit_released_v1_to_v2(by_policy(new))
    for each in readers.values():
        await each.register()
    published: list[str] = []

    # Before the cutover both deployments of revenue emit version 1; version 2 is refused.
    published += await company.publish(old.publisher(), *(old.payload(1) for _ in range(5)))
    published += await company.publish(new.publisher(), *(new.payload(1) for _ in range(5)))
    with pytest.raises(EmissionWindowError):
        await company.publish(new.publisher(), new.payload(2))
    for each in readers.values():
        await drained(each, delivered=10)

    # After it the new deployment emits version 2, and one that is late goes on with version 1.
    company.now[0] = CUTOVER
    published += await company.publish(new.publisher(), *(new.payload(2) for _ in range(5)))
    published += await company.publish(old.publisher(), *(old.payload(1) for _ in range(2)))
    with pytest.raises(EmissionWindowError):
        await company.publish(new.publisher(), new.payload(1))
    for each in readers.values():
        await drained(each, delivered=7)

    # A rollback: the new deployment emits version 1 again, outside of its window.
    published += await company.publish(new.publisher(emission="warn"), *(new.payload(1) for _ in range(3)))
    published += await company.publish(new.publisher(), *(new.payload(2) for _ in range(3)))
    for name, each in readers.items():
        await drained(each, delivered=6)
        assert services[name].ids == published
    assert {name: each.types() for name, each in services.items()} == {
        "old": {"CreditReleasedV1"},
        "new-v1": {"CreditReleasedV1"},
        "new-v2": {"CreditReleasedV2"},
    }
    emitted = [each[1] for each in services["new-v2"].seen]
    assert emitted == [1] * 10 + [2] * 5 + [1] * 5 + [2] * 3
    assert {each[2].reason_code for each in services["new-v2"].seen if each[1] == 1} == {"policy_exception"}
    assert await DeadLetters(company.connection).count() == 0


async def test_dead_letters_of_the_old_deployment_are_replayed_into_the_new_one(company: Company) -> None:
    old, new = company.old, company.new
    first = old.subscriber("slots")

    async def refuse(_event: Any, _context: HandlerContext) -> None:
        raise DeadLetter("the calendar is broken")

    first.on_credit_released(refuse)
    await first.register()
    published = await company.publish(old.publisher(), *(old.payload(1) for _ in range(4)))
    assert (await first.drain()).dead == 4
    company.now[0] = CUTOVER
    readings = Readings()
    second = new.subscriber("slots")
    second.on_credit_released(readings.handle)
    second.adapt_credit_released_v1_to_v2(by_policy(new))
    letters = DeadLetters(company.connection, clock=lambda: company.now[0])
    await letters.replay(
        DeadLetterFilter(subscriber=SubscriberName("coaching", "slots")), actor="ada", reason="it is mended"
    )
    published += await company.publish(new.publisher(), new.payload(2))
    await drained(second, delivered=5)
    assert sorted(readings.ids) == sorted(published)
    assert readings.types() == {"CreditReleasedV2"}
    assert await letters.count() == 0


async def test_a_hook_may_refuse_an_event_as_a_handler_may(company: Company) -> None:
    subscriber = company.new.subscriber("slots")
    readings = Readings()
    subscriber.on_credit_released(readings.handle)

    def refuse(_old: Any) -> Any:
        raise DeadLetter("nobody knows the reason any more")

    subscriber.adapt_credit_released_v1_to_v2(refuse)
    await subscriber.register()
    await company.publish(company.old.publisher(), company.old.payload(1))
    assert (await subscriber.drain()).dead == 1
    [letter] = await DeadLetters(company.connection).list()
    assert letter.reason == "handler_rejected"
    assert readings.seen == []


async def test_what_a_hook_returns_is_checked(company: Company) -> None:
    subscriber = company.new.subscriber("slots")
    readings = Readings()
    subscriber.on_credit_released(readings.handle)

    def wrong(old: Any) -> Any:
        made = company.new.module("events.credit_released").ReceivedCreditReleasedV2
        return made.model_construct(**{**old.model_dump(), "reason_code": "weather", "released_credits": 0})

    subscriber.adapt_credit_released_v1_to_v2(wrong)
    await subscriber.register()
    await company.publish(company.old.publisher(), company.old.payload(1))
    assert (await subscriber.drain()).dead == 1
    [letter] = await DeadLetters(company.connection).list()
    assert letter.reason == "not_adapted"
    assert "/payload/released_credits" in str(letter.detail)
    assert readings.seen == []


async def test_a_missing_hook_is_an_error_at_the_start(company: Company) -> None:
    subscriber = company.new.subscriber("slots")
    subscriber.on_credit_released(Readings().handle)
    await subscriber.register()
    with pytest.raises(
        MissingAdapterError,
        match=r"credit\.released version 1 cannot be read as version 2, which Readings\.handle takes "
        r'\("/reason_code" is required\): register a function with '
        r"@subscriber\.adapt_credit_released_v1_to_v2\.",
    ):
        await subscriber.drain()


def test_two_versions_have_one_handler(company: Company) -> None:
    subscriber = company.new.subscriber("slots")
    subscriber.on_credit_released(Readings().handle)
    with pytest.raises(DuplicateHandlerError, match=TWO_VERSIONS):
        subscriber.on_credit_released_v1(Readings().handle)


async def test_an_unknown_version_that_cannot_be_read_waits_for_the_deployment(
    tmp_path: Path, connection: Connection, dsn: str
) -> None:
    versions = FAMILIES["removed.required"]
    keyring = Keyring.generate(("sales",))
    settings = Settings(dsn=dsn, poll_interval=0.05)
    with ExitStack() as stack:
        for name, known in (("before", versions[:1]), ("after", versions)):
            contracts = write_families(tmp_path / name, {"removed.required": known})
            stack.enter_context(installed(tmp_path, contracts, f"{name}_contracts"))
        before = importlib.import_module("before_contracts.domains.sales")
        after = importlib.import_module("after_contracts.domains.sales")
        make = importlib.import_module("after_contracts.testing.factories.removed_required")
        publisher = after.SalesPublisher(keyring=keyring, settings=Settings())
        with request_context(tenant_id="tenant-1"):
            async with connection.transaction():
                await publisher.removed_required(connection, make.make_removed_required())
        old = before.SalesSubscriber("crm", settings=settings, keyring=keyring)
        old.on_removed_required(Readings().handle)
        await old.register()
        assert (await old.drain()).dead == 1
        letters = DeadLetters(connection)
        [letter] = await letters.list()
        assert letter.reason == "unknown_version"
        assert "/payload/more: is required" in str(letter.detail)
        readings = Readings()
        new = after.SalesSubscriber("crm", settings=settings, keyring=keyring)
        new.on_removed_required(readings.handle)
        await letters.replay(DeadLetterFilter(), actor="ada", reason="version 2 is deployed")
        await drained(new, delivered=1)
        assert readings.types() == {"RemovedRequiredV2"}
