import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import asyncpg
import pytest

from operation_kit import Run
from sguild_dispatcher import migrations
from sguild_dispatcher.database import Connection
from sguild_dispatcher.errors import NotMigratedError
from sguild_dispatcher.migrations import check_migrated, migrate

Check = Callable[[Connection], Awaitable[object]]


@pytest.fixture
async def empty(empty_dsn: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(empty_dsn)
    yield connection
    await connection.close()


async def test_an_empty_database_gets_every_migration_once(empty: Connection) -> None:
    names = [each.name for each in migrations.migrations()]
    assert await migrate(empty) == names
    assert await migrate(empty) == []
    await check_migrated(empty)


async def test_two_processes_at_once_apply_each_migration_once(empty_dsn: str) -> None:
    async def one() -> list[str]:
        connection = await asyncpg.connect(empty_dsn)
        try:
            return await migrate(connection)
        finally:
            await connection.close()

    results = await asyncio.gather(*(one() for _ in range(6)))
    assert max(results, key=len) == [each.name for each in migrations.migrations()]
    assert sum(map(len, results)) == len(migrations.migrations())


async def test_a_repeatable_read_session_sees_what_another_process_applied_meanwhile(empty_dsn: str) -> None:
    settings = {"default_transaction_isolation": "repeatable read"}
    first, second = [await asyncpg.connect(empty_dsn, server_settings=settings) for _ in range(2)]
    transaction = first.transaction()
    await transaction.start()
    await migrate(first)
    waiting = asyncio.create_task(migrate(second))
    await asyncio.sleep(0.1)
    await transaction.commit()
    assert await waiting == []
    await first.close()
    await second.close()


async def test_a_migration_that_fails_leaves_nothing_behind(
    empty: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = migrations.Migration(version=9999, name="9999_broken.sql", text="select 1/0;")
    known = (*migrations.migrations(), broken)
    monkeypatch.setattr(migrations, "migrations", lambda: known)
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(empty)
    assert await migrations.applied_migrations(empty) == {}


async def test_an_unmigrated_database_names_the_command(empty: Connection) -> None:
    with pytest.raises(NotMigratedError, match=r"no sguild_dispatcher schema: run `sguild-dispatcher migr"):
        await check_migrated(empty)


async def test_an_older_schema_names_both_versions(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = (*migrations.migrations(), migrations.Migration(version=9999, name="9999_next.sql", text=""))
    monkeypatch.setattr(migrations, "migrations", lambda: known)
    with pytest.raises(NotMigratedError, match=r"version \d+ of .* needs version 9999: run `sguild-"):
        await check_migrated(connection)


@pytest.mark.parametrize("check", [migrate, check_migrated])
async def test_a_newer_schema_is_refused(connection: Connection, check: Check) -> None:
    insert = "insert into sguild_dispatcher.migration (version, name, checksum) values (9999, 'x', 'y')"
    await connection.execute(insert)
    with pytest.raises(NotMigratedError, match=r"has version 9999 .* install a newer sguild-dispatcher"):
        await check(connection)


@pytest.mark.parametrize("check", [migrate, check_migrated])
async def test_an_edited_migration_is_refused(
    connection: Connection, check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *rest = migrations.migrations()
    edited = (replace(first, text=first.text + "-- one more line\n"), *rest)
    monkeypatch.setattr(migrations, "migrations", lambda: edited)
    with pytest.raises(NotMigratedError, match=r"0001_event_log.sql is not the text that was applied"):
        await check(connection)


async def test_a_role_that_may_only_read_can_check(connection: Connection, dsn: str) -> None:
    role = f"reader_{dsn.rpartition('sguild_')[2].partition('?')[0]}"
    await connection.execute(f"create role {role}; grant usage on schema sguild_dispatcher to {role}")
    await connection.execute(f"grant select on all tables in schema sguild_dispatcher to {role}")
    await connection.execute(f"set role {role}")
    await check_migrated(connection)
    assert await migrate(connection) == []
    await connection.execute(f"reset role; drop owned by {role}; drop role {role}")


async def test_tables_without_a_record_are_explained(empty: Connection) -> None:
    await migrate(empty)
    await empty.execute("drop table sguild_dispatcher.migration")
    with pytest.raises(NotMigratedError, match=r"no table migration that says which: .* Restore the whole"):
        await migrate(empty)
    await empty.execute("drop schema sguild_dispatcher cascade; create schema sguild_dispatcher")
    assert await migrate(empty) == [each.name for each in migrations.migrations()]


async def test_another_process_is_named_and_waited_for(
    run: Run, empty_dsn: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(migrations, "LOCK_SECONDS", 0.5)
    other = await asyncpg.connect(empty_dsn)
    holder = await other.fetchval("select pg_backend_pid()")
    transaction = other.transaction()
    await transaction.start()
    await migrate(other)
    code, out, err = await run("migrate", "--dsn", empty_dsn)
    assert (code, out) == (2, "")
    assert err == (
        f"sguild-dispatcher: Another session (process {holder} of the server) migrates this database, and is "
        "not done after 0.5 s: wait for it and migrate again; one that hangs is ended by "
        "`select pg_terminate_backend(PROCESS)`.\n"
    )
    [record] = caplog.records
    assert (record.levelname, record.code, record.holder) == ("WARNING", "migration-waits", holder)  # type: ignore[attr-defined]
    await transaction.commit()
    await other.close()
    assert (await run("migrate", "--dsn", empty_dsn))[0] == 0
