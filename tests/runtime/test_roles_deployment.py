"""A registry changes: roles first or worker first, nothing is lost in silence.

In registry 2.1.0 sales subscribes to reservation.funded too, and in 2.2.0 no longer to credit.forfeited.
"""

import io
import json
import shutil
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from roles_kit import KEYRING, ROLES, connected, login_dsn
from sguild_codegen.cli import main
from sguild_contracts import RevenuePublisher, RevenueSubscriber, SalesSubscriber
from sguild_contracts.testing import make_credit_forfeited, make_credit_locked, make_reservation_funded
from sguild_dispatcher.errors import ConfigurationError, HiddenEventsError
from sguild_dispatcher.roles import apply_roles
from sguild_dispatcher.settings import Settings
from sguild_dispatcher.subscriber import DrainResult, Subscriber

REPOSITORY = Path(__file__).parents[2]
GAINED, LOST = "reservation.funded", "credit.forfeited"


@dataclass(frozen=True)
class Release:
    """A registry: its roles, and how its worker of sales is made."""

    roles: str
    subscriber: type[Subscriber]


@pytest.fixture(scope="module")
def gaining(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Release]:
    with released("2.1.0", tmp_path_factory.mktemp("gaining"), loses=False) as release:
        yield release


@pytest.fixture(scope="module")
def losing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Release]:
    with released("2.2.0", tmp_path_factory.mktemp("losing"), loses=True) as release:
        yield release


@contextmanager
def released(version: str, folder: Path, *, loses: bool) -> Generator[Release, None, None]:
    """Generate a package from changed contracts, and let it be imported."""
    contracts = Path(shutil.copytree(REPOSITORY / "contracts", folder / "contracts"))
    file = contracts / "event-types-registry.json"
    registry = json.loads(file.read_text("utf-8"))
    registry["registry_version"] = version
    subscribers = {each["event_type"]: each["subscribers"] for each in registry["event_types"]}
    subscribers[GAINED].append("sales")
    if loses:
        subscribers[LOST].remove("sales")
    file.write_text(json.dumps(registry), "utf-8")
    package = f"{folder.name}_contracts".replace("-", "_")
    out = io.StringIO()
    options = ["--contracts", str(contracts), "--output", str(folder), "--package", package]
    assert main(["generate", *options], out, out) == 0, out.getvalue()
    sys.path.insert(0, str(folder))
    try:
        roles = folder.joinpath(package, "roles.sql").read_text("utf-8")
        yield Release(roles, import_module(package).SalesSubscriber)
    finally:
        sys.path.remove(str(folder))


@dataclass
class Deployment:
    """A database, and what the workers of sales saw."""

    dsn: str
    seen: list[str]

    async def publish(self, *payloads: Any) -> None:
        publisher = RevenuePublisher(keyring=KEYRING, settings=Settings(tenant_id="t"))
        async with connected(self.dsn, "revenue_app") as connection, connection.transaction():
            await publisher.publish_many(connection, payloads)

    async def apply(self, roles: str) -> None:
        async with connected(self.dsn) as connection:
            await apply_roles(connection, roles)

    def worker(self, kind: type[Subscriber]) -> Subscriber:
        settings = Settings(dsn=login_dsn(self.dsn, "sales_app"))
        worker = kind("crm", settings=settings, keyring=KEYRING)

        async def note(event: Any, _context: object) -> None:
            self.seen.append(event.event_type)

        for event_type in worker.registry.subscriptions("sales"):
            version = event_type.current
            assert version is not None
            worker._handle(note, event_type.name, version.version)
        worker._adapt(_never, "credit.released", 1, 2)
        return worker


def _never(old: Any) -> Any:
    raise AssertionError(old)  # no event of version 1 is published here


@pytest.fixture
async def deployment(roles_dsn: str) -> Deployment:
    """The worker of registry 2.0.0 has run."""
    made = Deployment(roles_dsn, [])
    worker = made.worker(SalesSubscriber)
    await worker.register()
    await made.publish(make_credit_locked())
    await worker.drain()
    assert made.seen == ["credit.locked"]
    return made


async def test_the_worker_first(deployment: Deployment, gaining: Release) -> None:
    await deployment.publish(make_reservation_funded(), make_credit_locked())
    with pytest.raises(HiddenEventsError) as caught:
        await deployment.worker(gaining.subscriber).drain()
    assert str(caught.value) == (
        "The database's roles are those of registry 2.0.0 and hide reservation.funded from sales, "
        "which registry 2.1.0 of this worker lets it read: run `sguild-dispatcher roles apply` "
        "with the roles.sql of registry 2.1.0 first."
    )
    assert deployment.seen == ["credit.locked"]


async def test_the_worker_first_gets_everything_once_the_roles_are_there(
    deployment: Deployment, gaining: Release
) -> None:
    await deployment.publish(make_reservation_funded(), make_credit_locked())
    await deployment.apply(gaining.roles)
    await deployment.worker(gaining.subscriber).drain()
    assert deployment.seen == ["credit.locked", "reservation.funded", "credit.locked"]


async def test_the_roles_first(deployment: Deployment, gaining: Release) -> None:
    await deployment.apply(gaining.roles)
    await deployment.publish(make_credit_locked(), make_credit_forfeited())
    await deployment.worker(SalesSubscriber).drain()
    assert deployment.seen[1:] == ["credit.locked", "credit.forfeited"]
    await deployment.publish(make_reservation_funded())
    await deployment.worker(gaining.subscriber).drain()
    assert deployment.seen[3:] == ["reservation.funded"]


async def test_roles_hide_nothing_that_a_worker_reads(deployment: Deployment, losing: Release) -> None:
    await deployment.publish(make_credit_forfeited())
    with pytest.raises(ConfigurationError) as caught:
        await deployment.apply(losing.roles)
    assert str(caught.value) == (
        "Nothing was changed: sales/crm still reads credit.forfeited, which this registry keeps from sales: "
        "start its worker with the new registry first and then apply the roles, or retire the subscriber."
    )
    await deployment.worker(SalesSubscriber).drain()
    assert deployment.seen[1:] == ["credit.forfeited"]


async def test_roles_are_not_put_back_under_a_worker_that_reads_more(
    deployment: Deployment, gaining: Release
) -> None:
    await deployment.apply(gaining.roles)
    await deployment.worker(gaining.subscriber).drain()
    with pytest.raises(ConfigurationError, match=r"sales/crm still reads reservation\.funded, which"):
        await deployment.apply(ROLES)


async def test_what_the_newest_worker_ignores_may_be_hidden(
    deployment: Deployment, gaining: Release, losing: Release
) -> None:
    await deployment.apply(gaining.roles)
    await deployment.worker(losing.subscriber).drain()
    await deployment.apply(losing.roles)
    await deployment.publish(make_reservation_funded(), make_credit_forfeited())
    await deployment.worker(losing.subscriber).drain()
    assert deployment.seen[1:] == ["reservation.funded"]
    with pytest.raises(HiddenEventsError, match=r"registry 2\.2\.0 and hide credit\.forfeited from sales"):
        await deployment.worker(SalesSubscriber).drain()


async def test_other_domains_need_no_new_release(deployment: Deployment, gaining: Release) -> None:
    await deployment.apply(gaining.roles)
    settings = Settings(dsn=login_dsn(deployment.dsn, "revenue_app"))
    billing = RevenueSubscriber("billing", settings=settings, keyring=KEYRING)
    assert await billing.register()
    assert await billing.drain() == DrainResult()


async def test_without_roles_nothing_is_asked(dsn: str, gaining: Release) -> None:
    async with connected(dsn):
        worker = gaining.subscriber("crm", settings=Settings(dsn=dsn), keyring=KEYRING)
        await worker.register()
        await worker.drain()
