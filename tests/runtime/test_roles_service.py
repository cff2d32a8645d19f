"""Publishers and workers that log in as members of their domain's role, and of nothing else."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import psycopg
import psycopg_pool
import pytest
from prometheus_client import CollectorRegistry

from deliveries_kit import until
from roles_kit import INSERT, KEYRING, connected, create_login, login_dsn
from sguild_contracts import (
    CreditLocked,
    Event,
    RevenuePublisher,
    RevenueSubscriber,
    RevenueSyncPublisher,
    SalesPublisher,
    SalesSubscriber,
)
from sguild_contracts.testing import make_credit_locked, make_lead_created
from sguild_dispatcher.context import request_context
from sguild_dispatcher.database import Connection
from sguild_dispatcher.errors import MissingRightsError
from sguild_dispatcher.retries import RetryPolicy
from sguild_dispatcher.settings import Settings
from sguild_dispatcher.statements import statement
from sguild_dispatcher.subscriber import Discard, DrainResult, HandlerContext
from sguild_dispatcher.telemetry.prometheus import Prometheus

SETTINGS = Settings(tenant_id="tenant-1")
LOCKED = make_credit_locked()


def sales(dsn: str, login: str = "sales_app", **options: Any) -> SalesSubscriber:
    options = {"retry": RetryPolicy(max_attempts=2, base=0, cap=0), "keyring": KEYRING, **options}
    settings = Settings(dsn=login_dsn(dsn, login), poll_interval=0.05, lease_seconds=1)
    return SalesSubscriber("crm", settings=settings, **options)


async def publish_locked(dsn: str, count: int = 1) -> list[str]:
    publisher = RevenuePublisher(keyring=KEYRING, settings=SETTINGS)
    async with connected(dsn, "revenue_app") as connection, connection.transaction():
        return [await publisher.credit_locked(connection, LOCKED) for _ in range(count)]


def ignoring(subscriber: SalesSubscriber, seen: list[str]) -> None:
    @subscriber.on_credit_locked
    async def note(event: Event[CreditLocked], _context: HandlerContext) -> None:
        seen.append(event.event_id)


@pytest.fixture
async def owner(roles_dsn: str) -> AsyncIterator[Connection]:
    async with connected(roles_dsn) as connection:
        yield connection


async def test_events_go_from_one_domain_to_the_other(roles_dsn: str) -> None:
    subscriber, seen = sales(roles_dsn), list[str]()
    ignoring(subscriber, seen)
    assert await subscriber.register()
    published = await publish_locked(roles_dsn, 3)
    assert await subscriber.drain() == DrainResult(delivered=3)
    assert seen == published
    assert not await subscriber.register()


async def test_many_events_at_once_and_every_driver(roles_dsn: str) -> None:
    subscriber, seen = sales(roles_dsn), list[str]()
    ignoring(subscriber, seen)
    await subscriber.register()
    publisher = RevenuePublisher(keyring=KEYRING, settings=SETTINGS)
    sync = RevenueSyncPublisher(keyring=KEYRING, settings=SETTINGS)
    dsn = login_dsn(roles_dsn, "revenue_app")
    async with connected(roles_dsn, "revenue_app") as connection, connection.transaction():
        many = await publisher.publish_many(connection, [LOCKED] * 5)
    async with await psycopg.AsyncConnection.connect(dsn) as other:
        one = await publisher.publish(other, LOCKED)
    with psycopg.connect(dsn) as blocking:
        last = sync.publish_many(blocking, [LOCKED, LOCKED])
    await subscriber.drain()
    assert seen == [*many, one, *last]


async def test_effects_and_events_of_a_handler_commit_together(roles_dsn: str, owner: Connection) -> None:
    await owner.execute(
        "create table effect (event_id text primary key); grant insert on effect to sales_app"
    )
    publisher = SalesPublisher(keyring=KEYRING, settings=SETTINGS)
    subscriber = sales(roles_dsn)

    @subscriber.on_credit_locked
    async def note(event: Event[CreditLocked], context: HandlerContext) -> None:
        await context.connection.execute("insert into effect values ($1)", event.event_id)
        with request_context(tenant_id=event.tenant_id):
            await publisher.lead_created(context.connection, make_lead_created())

    await subscriber.register()
    published = await publish_locked(roles_dsn, 2)
    assert await subscriber.drain() == DrainResult(delivered=2)
    assert [row["event_id"] for row in await owner.fetch("select * from effect order by 1")] == sorted(
        published
    )
    count = "select count(*) from sguild_dispatcher.event_log where event_type = 'lead.created'"
    assert await owner.fetchval(count) == 2


async def fail(_event: object, _context: HandlerContext) -> None:
    raise LookupError("nobody is home")


async def test_retries_and_dead_letters(roles_dsn: str, owner: Connection) -> None:
    subscriber = sales(roles_dsn)
    subscriber.on_credit_locked(fail)
    await subscriber.register()
    await publish_locked(roles_dsn)
    assert await subscriber.drain() == DrainResult(retried=1, dead=1)
    row = await owner.fetchrow("select domain, state, attempts from sguild_dispatcher.failed_delivery")
    assert tuple(row or ()) == ("sales", "dead", 2)
    async with connected(roles_dsn, "revenue_app") as other:
        assert await other.fetch("select * from sguild_dispatcher.failed_delivery") == []


async def test_a_discard_is_in_the_audit_of_its_domain(roles_dsn: str, owner: Connection) -> None:
    subscriber = sales(roles_dsn)

    @subscriber.on_credit_locked
    async def refuse(_event: Event[CreditLocked], _context: HandlerContext) -> None:
        raise Discard("not ours")

    await subscriber.register()
    published = await publish_locked(roles_dsn)
    assert await subscriber.drain() == DrainResult(discarded=1)
    rows = await owner.fetch(
        "select entry.domain, event.event_id from sguild_dispatcher.audit_entry as entry "
        "join sguild_dispatcher.audit_event as event on event.entry_id = entry.id"
    )
    assert [tuple(row) for row in rows] == [("sales", published[0])]


async def test_leased_handlers(roles_dsn: str, owner: Connection) -> None:
    subscriber, seen = sales(roles_dsn), list[str]()

    @subscriber.leased().on_credit_locked
    async def call_out(event: Event[CreditLocked], _context: HandlerContext) -> None:
        seen.append(event.event_id)

    await subscriber.register()
    published = await publish_locked(roles_dsn, 2)
    await subscriber.drain()
    assert seen == published
    claimed = await owner.fetch("select event_id from sguild_dispatcher.inbox where domain = 'sales'")
    assert sorted(row["event_id"] for row in claimed) == sorted(published)


async def test_a_leased_handler_claims_its_event_in_its_own_transaction(
    roles_dsn: str, owner: Connection
) -> None:
    subscriber = sales(roles_dsn)
    claims: list[bool] = []

    @subscriber.leased().on_credit_locked
    async def write(_event: Event[CreditLocked], context: HandlerContext) -> None:
        async with connected(roles_dsn, "sales_app") as connection:
            for _ in range(2):
                async with connection.transaction():
                    claims.append(await context.claim(connection))

    await subscriber.register()
    await publish_locked(roles_dsn)
    assert (await subscriber.drain()).delivered == 1
    assert claims == [True, False]
    assert await owner.fetchval("select count(*) from sguild_dispatcher.inbox where domain = 'sales'") == 1


async def test_several_partitions_and_processes(roles_dsn: str, owner: Connection) -> None:
    await owner.execute("create table effect (event_id text); grant insert on effect to sales_app")
    workers = [sales(roles_dsn), sales(roles_dsn)]
    for worker in workers:

        @worker.on_credit_locked
        async def note(event: Event[CreditLocked], context: HandlerContext) -> None:
            await context.connection.execute("insert into effect values ($1)", event.event_id)

    await workers[0].register(partitions=4)
    published = await publish_locked(roles_dsn, 20)
    await asyncio.gather(*(worker.drain() for worker in workers))
    assert [row["event_id"] for row in await owner.fetch("select * from effect order by 1")] == sorted(
        published
    )
    assert await owner.fetchval("select count(*) from sguild_dispatcher.partition_owner") == 0


async def test_connections_of_a_pool_of_psycopg(roles_dsn: str) -> None:
    dsn, seen = login_dsn(roles_dsn, "sales_app"), list[str]()
    async with psycopg_pool.AsyncConnectionPool(dsn, min_size=1, max_size=4, open=False) as pool:
        subscriber = sales(roles_dsn, connections=pool)
        ignoring(subscriber, seen)
        await subscriber.register()
        published = await publish_locked(roles_dsn)
        await subscriber.drain()
    assert seen == published


async def test_a_worker_makes_the_days_that_are_missing(roles_dsn: str, owner: Connection) -> None:
    day = f"event_log_{datetime.now(UTC) + timedelta(days=5):%Y%m%d}"
    await owner.execute(f"drop table sguild_dispatcher.{day}")
    subscriber = sales(roles_dsn)
    await subscriber.register()
    await subscriber.drain()
    made = await owner.fetchrow(
        "select relowner = relnamespace.nspowner as owned, relacl, relrowsecurity from pg_class "
        "join pg_namespace as relnamespace on relnamespace.oid = relnamespace where relname = $1",
        day,
    )
    assert made is not None
    assert (made["owned"], made["relacl"], made["relrowsecurity"]) == (True, None, True)


# what is refused, and how it is said


async def test_a_login_of_another_domain_may_not_run_a_worker(roles_dsn: str) -> None:
    await sales(roles_dsn).register()
    subscriber = sales(roles_dsn, "revenue_app")
    with pytest.raises(MissingRightsError) as caught:
        await subscriber.drain()
    assert str(caught.value) == (
        "The role revenue_app has not the rights of sguild_sales, so the database hides the events of sales "
        'from it: run `grant sguild_sales to "revenue_app"`, or connect as a role that has them.'
    )


Use = Callable[[SalesSubscriber], Awaitable[object]]


@pytest.mark.parametrize("use", [SalesSubscriber.register, SalesSubscriber.drain], ids=["register", "drain"])
async def test_a_login_without_any_rights(roles_dsn: str, owner: Connection, use: Use) -> None:
    await create_login(owner, "stranger_app")
    await sales(roles_dsn).register()
    subscriber = sales(roles_dsn, "stranger_app")
    with pytest.raises(MissingRightsError) as caught:
        await use(subscriber)
    assert str(caught.value) == (
        "The role stranger_app lacks rights in the database (permission denied for schema "
        "sguild_dispatcher): grant it the role of its domain, "
        '`grant sguild_sales to "stranger_app"`; `sguild-dispatcher roles apply` makes it.'
    )


async def test_a_right_that_is_taken_away_ends_the_worker_with_a_sentence(
    roles_dsn: str, owner: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    subscriber, seen = sales(roles_dsn), list[str]()
    ignoring(subscriber, seen)
    await subscriber.register()
    await owner.execute("revoke insert (version) on sguild_dispatcher.cursor from sguild_sales")
    await publish_locked(roles_dsn)
    assert await asyncio.to_thread(subscriber.serve) == 2
    said = capsys.readouterr().err
    assert said.startswith(
        "sales/crm cannot run. The role sales_app lacks rights in the database "
        "(permission denied for table cursor): "
    )
    assert said.count("\n") == 1


@pytest.mark.parametrize("login", ["sales_app", "delivery_app"])
async def test_who_may_not_publish_is_told_whose_role_it_takes(roles_dsn: str, login: str) -> None:
    publisher = RevenuePublisher(keyring=KEYRING, settings=SETTINGS)
    attempts: list[Callable[[Connection], Awaitable[object]]] = [
        lambda connection: publisher.credit_locked(connection, LOCKED),
        lambda connection: publisher.publish_many(connection, [LOCKED]),
    ]
    for attempt in attempts:
        async with connected(roles_dsn, login) as connection:
            with pytest.raises(
                MissingRightsError, match=r"for revenue .*has the rights of sguild_revenue"
            ) as caught:
                async with connection.transaction():
                    await attempt(connection)
            assert isinstance(caught.value.__cause__, asyncpg.InsufficientPrivilegeError)


async def test_a_synchronous_publisher_is_told_the_same(roles_dsn: str) -> None:
    publisher = RevenueSyncPublisher(keyring=KEYRING, settings=SETTINGS)
    for attempt in (
        publisher.credit_locked,
        lambda connection, one: publisher.publish_many(connection, [one]),
    ):
        with (
            psycopg.connect(login_dsn(roles_dsn, "sales_app")) as connection,
            pytest.raises(MissingRightsError, match="sguild-dispatcher roles apply"),
        ):
            attempt(connection, LOCKED)


async def test_looking_at_the_log_does_not_walk_through_what_is_hidden(
    roles_dsn: str, owner: Connection
) -> None:
    await owner.execute(INSERT, "person.updated", "platform")
    hidden = INSERT.replace("$1", "'credit.locked'").replace("$2", "'revenue'")
    await owner.execute(f"do $$ begin for each in 1..5000 loop {hidden}; commit; end loop; end $$")
    await owner.execute("analyze")
    now = await owner.fetchval("select pg_current_snapshot()::text")
    subscriber = RevenueSubscriber("billing", settings=Settings(dsn=login_dsn(roles_dsn, "revenue_app")))
    await subscriber.register()
    fetch = f"explain (analyze, buffers, format json) {statement('log/first_page')}"
    async with connected(roles_dsn, "revenue_app") as connection:
        await connection.execute("set plan_cache_mode = force_custom_plan")
        identifier = await connection.fetchval("select id from sguild_dispatcher.subscription")
        values: list[object] = [identifier, 1, now, None, [], 500, "token", 0, 1, True]
        await connection.fetchval(fetch, *values)
        plan = json.loads(await connection.fetchval(fetch, *values))
    assert plan[0]["Plan"]["Shared Hit Blocks"] < 50


async def test_a_worker_measures_how_long_events_wait(
    roles_dsn: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("sguild_dispatcher.delivery.lag.LAG_SECONDS", 0.0)
    registry = CollectorRegistry()
    monkeypatch.setattr("sguild_dispatcher.telemetry.consuming.observers", lambda: (Prometheus(registry),))
    subscriber, go_on = sales(roles_dsn), asyncio.Event()

    @subscriber.on_credit_locked
    async def hang(_event: Event[CreditLocked], _context: HandlerContext) -> None:
        await go_on.wait()

    await subscriber.register()
    await publish_locked(roles_dsn)
    task = asyncio.create_task(subscriber.run())

    async def is_waiting() -> bool:
        labels = {"subscriber": "sales/crm", "log": "home", "partition": "0"}
        return bool(registry.get_sample_value("sguild_dispatcher_lag_seconds", labels))

    await until(is_waiting)
    go_on.set()
    await subscriber.stop()
    await task
    assert "could not measure" not in caplog.text
