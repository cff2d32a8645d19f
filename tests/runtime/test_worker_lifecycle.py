import asyncio
import logging
import signal
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from deliveries_kit import (
    KEYRING,
    SalesSubscriber,
    create_effects,
    locked,
    numbers,
    publish,
    recording,
    sales,
    until,
    write_effect,
)
from sample_contracts import CreditLockedV1, Event
from sguild_dispatcher.database import Connection
from sguild_dispatcher.errors import (
    ClusterChangedError,
    ConfigurationError,
    DatabaseUnavailableError,
    MissingKeyError,
    NotMigratedError,
    SettingsError,
    UnknownSubscriptionError,
)
from sguild_dispatcher.settings import Settings
from sguild_dispatcher.signing import Keyring
from sguild_dispatcher.subscriber import DrainResult, HandlerContext
from sguild_dispatcher.subscriptions import SubscriberName, register, retire
from sguild_dispatcher.transport.interface import Ownership
from sguild_dispatcher.transport.postgres import PostgresControl

NAME = SubscriberName("sales", "crm")


@pytest.fixture
async def database(connection: Connection) -> Connection:
    await create_effects(connection)
    return connection


@pytest.fixture
async def ready(database: Connection, dsn: str) -> SalesSubscriber:
    """A registered subscriber that records."""
    assert not database.is_closed()
    subscriber = sales(dsn)
    recording(subscriber)
    await subscriber.register()
    return subscriber


@asynccontextmanager
async def running(*subscribers: SalesSubscriber) -> AsyncIterator[list["asyncio.Task[None]"]]:
    """Run subscribers for the length of a block; whatever ends one of them early is raised at its end."""
    tasks = [asyncio.create_task(each.run()) for each in subscribers]
    await asyncio.sleep(0)
    try:
        yield tasks
    finally:
        for each in subscribers:
            await each.stop()
        await asyncio.wait_for(asyncio.gather(*tasks), 10)


def recorded(database: Connection, count: int) -> Callable[[], "asyncio.Future[bool]"]:
    async def condition() -> bool:
        return len(await numbers(database)) >= count

    return condition  # type: ignore[return-value]


# what stops a start


async def test_a_subscriber_that_was_never_registered_names_the_command(dsn: str) -> None:
    with pytest.raises(
        UnknownSubscriptionError,
        match="sales/crm is not registered: run `sguild-dispatcher subscribers register sales/crm --from be",
    ):
        await sales(dsn).drain()


async def test_a_retired_subscriber_does_not_start(connection: Connection, ready: SalesSubscriber) -> None:
    await retire(connection, NAME)
    with pytest.raises(UnknownSubscriptionError, match="sales/crm is retired: run"):
        await ready.drain()


async def test_a_database_without_schema_is_named(empty_dsn: str) -> None:
    for start in (sales(empty_dsn).run(), sales(empty_dsn).drain(), sales(empty_dsn).register()):
        with pytest.raises(NotMigratedError, match="run `sguild-dispatcher migrate`"):
            await start


async def test_a_database_that_cannot_be_reached_is_named(tmp_path: Path) -> None:
    unreachable = f"postgresql://ada:secret@/shop?host={tmp_path}"
    with pytest.raises(DatabaseUnavailableError, match="/shop cannot be reached") as caught:
        await sales(unreachable).run()
    assert "secret" not in str(caught.value)


async def test_a_missing_key_is_named_at_the_start(dsn: str) -> None:
    subscriber = sales(dsn, keyring=Keyring.generate(["sales"]))
    recording(subscriber)
    with pytest.raises(
        MissingKeyError, match="sales/crm handles events of revenue, and the keyring has no key"
    ):
        await subscriber.drain()
    subscriber = sales(dsn, keyring=Keyring([]))
    recording(subscriber)
    with pytest.raises(MissingKeyError):
        await subscriber.drain()


async def test_without_keyring_or_dsn_the_settings_are_named(dsn: str) -> None:
    with pytest.raises(MissingKeyError, match="No keyring is configured"):
        await SalesSubscriber("crm", settings=Settings(dsn=dsn)).drain()
    with pytest.raises(SettingsError, match="SGUILD_DISPATCHER_DSN"):
        await SalesSubscriber("crm", settings=Settings(), keyring=KEYRING).drain()


async def test_a_restore_into_another_cluster_is_refused(
    database: Connection, ready: SalesSubscriber
) -> None:
    await database.execute("update sguild_dispatcher.generation set system_identifier = 42")
    with pytest.raises(ClusterChangedError, match="run `sguild-dispatcher migrate`"):
        await ready.drain()


async def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"'sales/My CRM' is no subscriber: write DOMAIN/NAME"):
        sales("", "My CRM")


@pytest.mark.usefixtures("ready")
async def test_a_role_without_superuser_rights_may_work(database: Connection, dsn: str) -> None:
    role = f"worker_{dsn.partition('sguild_')[2].partition('?')[0]}"
    await database.execute(f"create role {role} login; grant usage on schema sguild_dispatcher to {role}")
    await database.execute(
        f"grant select, insert, update, delete on all tables in schema sguild_dispatcher to {role}"
    )
    await database.execute(f"grant insert on effect to {role}")
    await publish(database, locked(1))
    subscriber = sales(dsn.replace("postgres@", f"{role}@"))
    recording(subscriber)
    assert await subscriber.drain() == DrainResult(delivered=1)
    await database.execute(f"drop owned by {role}; drop role {role}")


# running and stopping


async def test_run_delivers_until_it_is_stopped(database: Connection, ready: SalesSubscriber) -> None:
    async with running(ready):
        await publish(database, locked(1))
        await until(recorded(database, 1))
        await publish(database, locked(2))
        await until(recorded(database, 2))
    await publish(database, locked(3))
    assert await numbers(database) == [1, 2]
    assert await ready.drain() == DrainResult(delivered=1)


async def test_stop_finishes_the_handler_and_keeps_what_is_done(database: Connection, dsn: str) -> None:
    subscriber = sales(dsn)

    @subscriber.on_credit_locked
    async def stop_at_two(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        if event.payload.locked_credits == 2:
            await subscriber.stop()
        await write_effect(event, context)

    await subscriber.register()
    await publish(database, *(locked(each) for each in range(1, 6)))
    await asyncio.wait_for(subscriber.run(), 5)
    assert await numbers(database) == [1, 2]
    assert await subscriber.drain() == DrainResult(delivered=3)
    assert await numbers(database) == [1, 2, 3, 4, 5]


async def test_stop_waits_for_the_end(database: Connection, dsn: str) -> None:
    subscriber = sales(dsn)
    started = asyncio.Event()

    @subscriber.on_credit_locked
    async def slow(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        started.set()
        await asyncio.sleep(0.2)
        await write_effect(event, context)

    await subscriber.register()
    await publish(database, locked(1))
    task = asyncio.create_task(subscriber.run())
    await started.wait()
    await subscriber.stop()
    assert await numbers(database) == [1]
    await task


async def test_a_cancelled_run_leaves_nothing_half_done(database: Connection, dsn: str) -> None:
    subscriber = sales(dsn)
    started = asyncio.Event()

    @subscriber.on_credit_locked
    async def hang(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        await write_effect(event, context)
        started.set()
        if event.payload.locked_credits == 1:
            await asyncio.sleep(60)

    await subscriber.register()
    await publish(database, locked(1))
    task = asyncio.create_task(subscriber.run())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await numbers(database) == []
    assert await database.fetchval("select count(*) from sguild_dispatcher.partition_owner") == 0


async def test_a_slow_batch_is_committed_in_parts(
    database: Connection, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sguild_dispatcher.delivery.transactional.BATCH_SECONDS", 0.05)
    subscriber = sales(dsn)
    committed = []

    @subscriber.on_credit_locked
    async def slow(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        committed.append(await numbers(database))
        await write_effect(event, context)
        await asyncio.sleep(0.06)

    await subscriber.register()
    await publish(database, locked(1), locked(2), locked(3))
    await subscriber.drain()
    assert committed == [[], [1], [1, 2]]


async def test_running_twice_at_once_is_refused(ready: SalesSubscriber) -> None:
    async with running(ready):
        with pytest.raises(RuntimeError, match="sales/crm is running already"):
            await ready.drain()


async def test_a_worker_ends_when_its_subscription_is_retired(
    database: Connection, ready: SalesSubscriber
) -> None:
    task = asyncio.create_task(ready.run())
    await publish(database, locked(1))
    await until(recorded(database, 1))
    await retire(database, NAME)
    with pytest.raises(UnknownSubscriptionError, match="sales/crm is retired"):
        await asyncio.wait_for(task, 5)


async def test_a_worker_follows_a_cursor_that_was_set_anew(
    database: Connection, ready: SalesSubscriber
) -> None:
    async with running(ready):
        await publish(database, locked(1))
        await until(recorded(database, 1))
        async with database.transaction():
            await retire(database, NAME)
            await register(database, NAME, start="beginning")
        await publish(database, locked(2))
        await until(recorded(database, 3))
    assert await numbers(database) == [1, 1, 2]


async def test_a_worker_in_another_thread_installs_no_signal_handlers(
    database: Connection, ready: SalesSubscriber
) -> None:
    former = signal.getsignal(signal.SIGTERM)
    await publish(database, locked(1))
    results: list[DrainResult] = []
    thread = threading.Thread(target=lambda: results.append(asyncio.run(ready.drain())))
    thread.start()
    await asyncio.to_thread(thread.join, 10)
    assert results == [DrainResult(delivered=1)]
    assert signal.getsignal(signal.SIGTERM) is former


async def test_a_signal_stops_every_worker_of_the_process_and_handlers_are_restored(
    database: Connection, dsn: str
) -> None:
    def former(_number: int, _frame: object) -> None: ...

    previous = signal.signal(signal.SIGTERM, former)
    try:
        subscribers = [sales(dsn, name) for name in ("crm", "mail")]
        for each in subscribers:
            recording(each)
            await each.register()
        await publish(database, locked(1))
        async with running(*subscribers) as tasks:
            await until(recorded(database, 2))
            signal.raise_signal(signal.SIGTERM)
            await asyncio.wait_for(asyncio.gather(*tasks), 5)
        assert signal.getsignal(signal.SIGTERM) is former
    finally:
        signal.signal(signal.SIGTERM, previous)


# owners


def owns(subscriber: SalesSubscriber, owner: object) -> bool:
    assert subscriber._worker is not None
    return any(each._worker_id == owner for each in subscriber._worker._readers)


async def test_a_second_process_stands_by_and_takes_over(
    database: Connection, dsn: str, ready: SalesSubscriber, caplog: pytest.LogCaptureFixture
) -> None:
    second = sales(dsn)
    recording(second)
    with caplog.at_level(logging.INFO):
        async with running(ready, second):
            await publish(database, locked(1), locked(2))
            await until(recorded(database, 2))

            async def one_stands_by() -> bool:
                return "standing by" in caplog.text

            await until(one_stands_by)
            owner = await database.fetchval("select worker_id from sguild_dispatcher.partition_owner")
            first = next(each for each in (ready, second) if owns(each, owner))
            await first.stop()
            await publish(database, locked(3))
            await until(recorded(database, 3))
    assert await numbers(database) == [1, 2, 3]


async def test_a_drain_waits_for_the_process_that_delivers(
    database: Connection, dsn: str, ready: SalesSubscriber
) -> None:
    second = sales(dsn)
    recording(second)
    async with running(ready):
        await publish(database, locked(1))
        await until(recorded(database, 1))
        waiting = asyncio.create_task(second.drain())
        await asyncio.sleep(0.2)
        assert not waiting.done()
    await publish(database, locked(2))
    assert await asyncio.wait_for(waiting, 5) in (DrainResult(), DrainResult(delivered=1))


async def test_a_lost_connection_is_opened_again_and_loses_nothing(
    database: Connection, ready: SalesSubscriber, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(ready):
        for number in range(1, 6):
            await publish(database, locked(number))
            await until(recorded(database, number))
            await database.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where datname = current_database() and pid <> pg_backend_pid()"
            )
    assert await numbers(database) == [1, 2, 3, 4, 5]
    assert "what was not committed is delivered again. Trying again, at least every 30 s." in caplog.text


async def test_a_connection_lost_inside_a_handler_is_no_failed_delivery(
    database: Connection, dsn: str
) -> None:
    subscriber = sales(dsn)
    calls = []

    @subscriber.on_credit_locked
    async def lose_once(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        calls.append(context.attempt)
        await write_effect(event, context)
        if len(calls) == 1:
            pid = await context.connection.fetchval("select pg_backend_pid()")
            await database.execute("select pg_terminate_backend($1)", pid)
            await context.connection.execute("select 1")

    await subscriber.register()
    await publish(database, locked(1))
    assert await subscriber.drain() == DrainResult(delivered=1)
    assert calls == [1, 1]
    assert await numbers(database) == [1]


# processes


@asynccontextmanager
async def service(dsn: str, keyring: Path, seconds: float) -> AsyncIterator[asyncio.subprocess.Process]:
    """A worker in a process of its own; it is killed at the end of the block, should it still run."""
    import sys

    program = Path(__file__).parent / "programs" / "sales_service.py"
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(program), dsn, str(keyring), str(seconds), stdout=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def said(process: asyncio.subprocess.Process, text: str) -> None:
    assert process.stdout is not None
    async with asyncio.timeout(90):
        while text not in (line := (await process.stdout.readline()).decode()):
            assert line, f"the process ended before it said {text!r}"


@pytest.fixture
def keyring(tmp_path: Path) -> Path:
    path = tmp_path / "keyring.json"
    KEYRING.to_file(path)
    return path


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_lets_the_handler_finish_and_commit(
    database: Connection, dsn: str, ready: SalesSubscriber, keyring: Path, *, number: signal.Signals
) -> None:
    await publish(database, *(locked(each) for each in range(1, 11)))
    async with service(dsn, keyring, 0.15) as process:
        await said(process, "handling 3")
        process.send_signal(number)
        await said(process, "stopped")
        assert await asyncio.wait_for(process.wait(), 5) == 0
    done = await numbers(database)
    assert done == list(range(1, len(done) + 1))
    assert 3 <= len(done) < 10
    assert await ready.drain() == DrainResult(delivered=10 - len(done))
    assert await numbers(database) == list(range(1, 11))


async def test_a_killed_process_loses_and_repeats_nothing(
    database: Connection, dsn: str, ready: SalesSubscriber, keyring: Path
) -> None:
    await publish(database, *(locked(each) for each in range(1, 101)))
    for place in (7, 33, 50, 84):
        async with service(dsn, keyring, 0.002) as process:
            await said(process, f"handling {place}\n")
            process.kill()
    await ready.drain()
    assert await numbers(database) == list(range(1, 101))


@pytest.mark.usefixtures("ready")
async def test_a_standby_process_takes_over_from_a_killed_one(
    database: Connection, dsn: str, keyring: Path
) -> None:
    await publish(database, *(locked(each) for each in range(1, 21)))
    async with service(dsn, keyring, 0.02) as first:
        await said(first, "handling 1\n")
        async with service(dsn, keyring, 0.0) as second:
            await said(second, "running")
            await publish(database, *(locked(each) for each in range(21, 41)))
            await said(first, "handling 25\n")
            first.kill()
            started = time.monotonic()
            await until(recorded(database, 40), 20)
            assert time.monotonic() - started < 10
    assert await numbers(database) == list(range(1, 41))


OUT_OF_STEP = asyncpg.InternalClientError("cannot switch to state 11; another operation (2) is in progress")


@pytest.mark.parametrize(
    ("raised", "refused"),
    [
        (OUT_OF_STEP, "executemany"),
        (asyncpg.AdminShutdownError("terminating connection"), "remove_listener"),
    ],
)
async def test_a_connection_that_was_cut_in_a_statement_is_opened_again(
    database: Connection,
    ready: SalesSubscriber,
    monkeypatch: pytest.MonkeyPatch,
    raised: Exception,
    refused: str,
) -> None:
    """For asyncpg it is open for a moment more, and refuses whatever is asked of it by internal errors."""
    failed = asyncio.Event()
    beat = PostgresControl.beat

    async def refuse(*_: object, **__: object) -> None:
        raise OUT_OF_STEP

    async def fail_once(self: PostgresControl, *values: Any, **options: Any) -> Ownership:
        if not failed.is_set():
            failed.set()
            raise raised
        return await beat(self, *values, **options)

    async with running(ready):
        await publish(database, locked(1))
        await until(recorded(database, 1))
        monkeypatch.setattr(asyncpg.Connection, refused, refuse)
        monkeypatch.setattr(PostgresControl, "beat", fail_once)
        await asyncio.wait_for(failed.wait(), 5)
        await publish(database, locked(2))
        await until(recorded(database, 2))
        monkeypatch.undo()


async def test_effects_and_cursor_commit_together(database: Connection, ready: SalesSubscriber) -> None:
    """Where the cursor cannot move, no effect stays."""
    await database.execute(
        "create function stop() returns trigger language plpgsql as 'begin raise ''no''; end'"
    )
    await database.execute(
        "create trigger stop before insert on sguild_dispatcher.cursor for each row execute function stop()"
    )
    await publish(database, locked(1))
    with pytest.raises(asyncpg.RaiseError):
        await ready.drain()
    assert await numbers(database) == []
    await database.execute("drop trigger stop on sguild_dispatcher.cursor")
    assert await ready.drain() == DrainResult(delivered=1)
    assert await numbers(database) == [1]
