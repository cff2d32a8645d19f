"""A registry changes: roles first or worker first, nothing is lost in silence.

In registry 2.1.0 sales subscribes to reservation.funded too, and in 2.2.0 no longer to credit.forfeited,
which 2.3.0 does not know at all.
"""

import io
import json
import shutil
import sys
from collections.abc import Collection, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from roles_kit import KEYRING, ROLES, connected, create_login, login_dsn
from sguild_codegen.cli import main
from sguild_contracts import RevenuePublisher, RevenueSubscriber, SalesSubscriber
from sguild_contracts.testing import make_credit_forfeited, make_credit_locked, make_reservation_funded
from sguild_dispatcher.errors import ConfigurationError, HiddenEventsError
from sguild_dispatcher.roles import apply_roles
from sguild_dispatcher.settings import Settings
from sguild_dispatcher.subscriber import DrainResult, Subscriber
from sguild_dispatcher.transport.postgres import PostgresControl

REPOSITORY = Path(__file__).parents[2]
GAINED, LOST = "reservation.funded", "credit.forfeited"
OWNED = """
    do $$
    declare
        each record;
    begin
        for each in
            select relname as name from pg_class
            where relnamespace = 'sguild_dispatcher'::regnamespace and relkind in ('r', 'p')
        loop
            execute format('alter table sguild_dispatcher.%I owner to deployment_owner', each.name);
        end loop;
        for each in
            select oid::regprocedure as name from pg_proc
            where pronamespace = 'sguild_dispatcher'::regnamespace
        loop
            execute format('alter routine %s owner to deployment_owner', each.name);
        end loop;
        execute format('grant all on database %I to deployment_owner with grant option', current_database());
    end
    $$;
"""


@dataclass(frozen=True)
class Release:
    """A registry: its roles, and how its worker of sales is made."""

    roles: str
    subscriber: type[Subscriber]


@pytest.fixture(scope="module")
def gaining(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Release]:
    with released("2.1.0", tmp_path_factory.mktemp("gaining")) as release:
        yield release


@pytest.fixture(scope="module")
def losing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Release]:
    with released("2.2.0", tmp_path_factory.mktemp("losing"), loses=True) as release:
        yield release


@pytest.fixture(scope="module")
def withdrawing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Release]:
    with released("2.3.0", tmp_path_factory.mktemp("withdrawing"), withdraws=True) as release:
        yield release


@contextmanager
def released(
    version: str, folder: Path, *, loses: bool = False, withdraws: bool = False
) -> Generator[Release, None, None]:
    """Generate a package from changed contracts, and let it be imported."""
    contracts = Path(shutil.copytree(REPOSITORY / "contracts", folder / "contracts"))
    file = contracts / "event-types-registry.json"
    registry = json.loads(file.read_text("utf-8"))
    registry["registry_version"] = version
    subscribers = {each["event_type"]: each["subscribers"] for each in registry["event_types"]}
    subscribers[GAINED].append("sales")
    if loses:
        subscribers[LOST].remove("sales")
    if withdraws:
        registry["event_types"] = [each for each in registry["event_types"] if each["event_type"] != LOST]
        next(contracts.rglob(f"{LOST}-v1.json")).unlink()
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


# a type that no registry has any more


async def test_roles_hide_no_withdrawn_type_that_a_worker_reads(
    deployment: Deployment, withdrawing: Release
) -> None:
    with pytest.raises(ConfigurationError, match=r"sales/crm still reads credit\.forfeited, which"):
        await deployment.apply(withdrawing.roles)
    await deployment.publish(make_credit_forfeited())
    await deployment.worker(SalesSubscriber).drain()
    assert deployment.seen[1:] == ["credit.forfeited"]


async def test_roles_hide_no_withdrawn_event_that_waits(
    deployment: Deployment, gaining: Release, withdrawing: Release
) -> None:
    await deployment.apply(gaining.roles)
    await deployment.worker(withdrawing.subscriber).drain()
    await deployment.publish(make_credit_forfeited())
    with pytest.raises(ConfigurationError) as caught:
        await deployment.apply(withdrawing.roles)
    assert str(caught.value) == (
        "Nothing was changed: sales/crm has yet to come to events of credit.forfeited, which this registry "
        "keeps from sales: let its worker go past them first, or skip them with `sguild-dispatcher cursors "
        "skip`, or retire the subscriber."
    )
    assert (await deployment.worker(withdrawing.subscriber).drain()).dead == 1  # an unknown event type
    await deployment.apply(withdrawing.roles)


async def test_the_first_roles_hide_nothing_either(deployment: Deployment, losing: Release) -> None:
    """Services that worked before there were roles read everything."""
    async with connected(deployment.dsn) as connection:
        await connection.execute(
            "delete from sguild_dispatcher.roles_installed; delete from sguild_dispatcher.domain_role"
        )
    with pytest.raises(ConfigurationError, match=r"sales/crm still reads credit\.forfeited, which"):
        await deployment.apply(losing.roles)


async def test_an_owner_from_whom_policies_hide_subscribers_hides_nothing(
    deployment: Deployment, losing: Release
) -> None:
    async with connected(deployment.dsn) as superuser:
        await create_login(superuser, "deployment_owner", "createrole")
        try:
            await superuser.execute("alter schema sguild_dispatcher owner to deployment_owner")
            await superuser.execute(OWNED)
            if await superuser.fetchval("select current_setting('server_version_num')::integer >= 160000"):
                # Who has the attribute createrole could grant it before.
                grant = "grant dispatcher_operator to deployment_owner with admin true, inherit false"
                await superuser.execute(grant)
            with pytest.raises(ConfigurationError, match=r"sales/crm still reads credit\.forfeited, which"):
                async with connected(deployment.dsn, "deployment_owner") as owner:
                    await apply_roles(owner, losing.roles)
        finally:
            await superuser.execute("reassign owned by deployment_owner to current_user")
            await superuser.execute("drop owned by deployment_owner; drop role deployment_owner")


async def test_roles_that_come_while_a_worker_starts_are_seen(
    deployment: Deployment, gaining: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its first look at the roles and its word of what it reads, others may replace them."""
    await deployment.apply(gaining.roles)
    note_start = PostgresControl.note_start

    async def late(self: PostgresControl, subscription: int, ignored: Collection[str]) -> None:
        await deployment.apply(ROLES)
        await note_start(self, subscription, ignored)

    monkeypatch.setattr(PostgresControl, "note_start", late)
    await deployment.publish(make_reservation_funded())
    with pytest.raises(HiddenEventsError, match=r"hide reservation\.funded from sales"):
        await deployment.worker(gaining.subscriber).drain()
    monkeypatch.undo()
    await deployment.apply(gaining.roles)
    await deployment.worker(gaining.subscriber).drain()
    assert deployment.seen[1:] == ["reservation.funded"]


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
