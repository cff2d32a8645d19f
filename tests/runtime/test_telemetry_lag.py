"""How long events wait, on each version of PostgreSQL that is there."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest

from deliveries_kit import (
    create_effects,
    locked,
    numbers,
    publish,
    publisher,
    recording,
    sales,
    until,
    write_effect,
)
from sample_contracts import CreditLockedV1, Event
from sguild_dispatcher.context import request_context
from sguild_dispatcher.database import Connection
from sguild_dispatcher.migrations import migrate
from sguild_dispatcher.statements import statement
from sguild_dispatcher.subscriber import HandlerContext
from sguild_dispatcher.testing.postgres import create_database, drop_database
from telemetry_kit import Metrics, Prometheus, metrics, prometheus

__all__ = ["metrics", "prometheus"]


@pytest.fixture(scope="module", params=["default", "postgres_15"])
def server(request: pytest.FixtureRequest) -> str:
    """The DSN of a server of each version."""
    if request.param == "default":
        return str(request.getfixturevalue("postgres"))
    return str(request.getfixturevalue("postgres_15").dsn)


@pytest.fixture
async def dsn(server: str) -> AsyncIterator[str]:
    """A fresh, migrated database on it."""
    database = await create_database(server)
    connection: Connection = await asyncpg.connect(database)
    await migrate(connection)
    await connection.close()
    yield database
    await drop_database(database)


@pytest.fixture
async def database(connection: Connection) -> Connection:
    await create_effects(connection)
    return connection


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure the lag with every beat."""
    monkeypatch.setattr("sguild_dispatcher.delivery.lag.LAG_SECONDS", 0.0)


def lag_is(prometheus: Prometheus, judged: Callable[[float], bool]) -> Callable[[], Awaitable[bool]]:
    async def condition() -> bool:
        lag = prometheus.lag()
        return lag is not None and judged(lag)

    return condition


@pytest.mark.usefixtures("often")
async def test_the_lag_grows_while_a_handler_hangs_and_ends_with_it(
    database: Connection, dsn: str, prometheus: Prometheus, metrics: Metrics
) -> None:
    subscriber = sales(dsn)
    go_on = asyncio.Event()

    @subscriber.on_credit_locked
    async def hang(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        await write_effect(event, context)
        await go_on.wait()

    await subscriber.register()
    await publish(database, locked(1), locked(2))
    task = asyncio.create_task(subscriber.run())
    await until(lag_is(prometheus, lambda lag: lag > 0.7))
    [(attributes, seconds)] = metrics.points("sguild_dispatcher.lag")
    assert seconds > 0.7
    assert attributes == {
        "messaging.system": "sguild_dispatcher",
        "messaging.consumer.group.name": "sales",
        "messaging.destination.subscription.name": "crm",
        "sguild_dispatcher.log": "home",
        "sguild_dispatcher.partition": "0",
    }
    go_on.set()
    await until(lag_is(prometheus, lambda lag: lag == 0))
    await subscriber.stop()
    await task
    assert prometheus.lag() is None
    assert metrics.points("sguild_dispatcher.lag") == []


LAG = """
    update sguild_dispatcher.event_log set created_at = now() - seq * interval '1 hour';
"""


@pytest.mark.usefixtures("often")
async def test_the_lag_is_that_of_the_oldest_event_that_is_read_and_not_done(
    database: Connection, dsn: str, prometheus: Prometheus
) -> None:
    other: Connection = await asyncpg.connect(dsn)
    subscriber = sales(dsn, batch_size=1)
    steps = asyncio.Semaphore(0)

    @subscriber.on_credit_locked
    async def step(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        await write_effect(event, context)
        await steps.acquire()

    await subscriber.register()
    # A window with three events; the rest of it is the older, the further it is read.
    for number in (1, 2, 3):
        await publish(database, locked(number))
    await database.execute(LAG)
    task = asyncio.create_task(subscriber.run())
    await until(lag_is(prometheus, lambda lag: 3500 < lag < 3700))
    steps.release()
    await until(lag_is(prometheus, lambda lag: 7100 < lag < 7300))
    steps.release()
    steps.release()
    await until(lag_is(prometheus, lambda lag: lag == 0))
    # What committed late, and before it an event of a type that sales does not read.
    transaction = other.transaction()
    await transaction.start()
    with request_context(tenant_id="tenant-1"):
        await publisher().publish(other, locked(4))
    await publish(database, locked(5))
    steps.release()
    await until(lag_is(prometheus, lambda lag: lag == 0))
    await transaction.commit()
    await until(lag_is(prometheus, lambda lag: 0 < lag < 60))
    steps.release()
    await until(lag_is(prometheus, lambda lag: lag == 0))
    await subscriber.stop()
    await task
    await other.close()


async def test_the_lag_is_not_asked_for_where_nobody_counts(
    database: Connection, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sguild_dispatcher.telemetry.consuming.observers", tuple)
    monkeypatch.setattr("sguild_dispatcher.transport.postgres.PostgresControl.lags", None)
    subscriber = sales(dsn)
    recording(subscriber)
    await subscriber.register()
    await publish(database, locked(1))
    assert (await subscriber.drain()).delivered == 1


@pytest.mark.usefixtures("often")
async def test_a_lag_that_cannot_be_measured_stops_no_delivery_and_is_not_told(
    database: Connection,
    dsn: str,
    prometheus: Prometheus,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(name: str) -> str:
        return "select 1 / 0" if name == "cursor/lag" else statement(name)

    subscriber = sales(dsn)
    recording(subscriber)
    await subscriber.register()
    task = asyncio.create_task(subscriber.run())
    await until(lag_is(prometheus, lambda lag: lag == 0))
    monkeypatch.setattr("sguild_dispatcher.transport.postgres.statement", broken)

    async def is_unknown() -> bool:
        return prometheus.lag() is None

    await until(is_unknown)
    assert "sales/crm: could not measure how long events wait" in caplog.text
    await publish(database, locked(1))

    async def is_delivered() -> bool:
        return await numbers(database) == [1]

    await until(is_delivered)
    await subscriber.stop()
    await task


@pytest.mark.usefixtures("often")
async def test_workers_of_one_process_tell_of_their_own_partitions_each(
    database: Connection, dsn: str, prometheus: Prometheus, metrics: Metrics
) -> None:
    workers = sales(dsn), sales(dsn)
    for each in workers:
        recording(each)
    await workers[0].register(partitions=2)
    tasks = [asyncio.create_task(each.run()) for each in workers]

    async def are_divided() -> bool:
        owners = "select count(distinct worker_id) from sguild_dispatcher.partition_owner"
        return bool(await database.fetchval(owners) == 2)

    await until(are_divided)
    await asyncio.sleep(1)
    for _ in range(20):
        await asyncio.sleep(0.05)
        assert [prometheus.lag(each) for each in (0, 1)] == [0, 0]
        assert len(metrics.points("sguild_dispatcher.lag")) == 2
    await workers[0].stop()
    await tasks[0]
    await workers[1].stop()
    await tasks[1]
    assert [prometheus.lag(each) for each in (0, 1)] == [None, None]
    assert metrics.points("sguild_dispatcher.lag") == []
