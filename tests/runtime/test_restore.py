"""A database that is restored into another cluster, where transaction ids begin anew."""

import io
from collections.abc import AsyncIterator

import asyncpg
import pytest

from deliveries_kit import create_effects, locked, numbers, publish, recording, sales
from sguild_dispatcher.database import Connection
from sguild_dispatcher.errors import ClusterChangedError
from sguild_dispatcher.migrations import migrate
from sguild_dispatcher.subscriber import DrainResult
from sguild_dispatcher.testing.postgres import create_database, drop_database

FORMER_CLUSTER = 42
AHEAD = 5_000_000
"""How much further the former cluster's transaction ids were."""

RESTORED = ("generation", "subscription", "event_log", "cursor", "failed_delivery", "inbox")


@pytest.fixture
async def database(connection: Connection) -> Connection:
    await create_effects(connection)
    return connection


@pytest.fixture
async def other_dsn(postgres: str, template: str) -> AsyncIterator[str]:
    """The database that is restored into."""
    created = await create_database(postgres, template=template)
    yield created
    await drop_database(created)


async def restore(source: Connection, other_dsn: str, *, ahead: int) -> Connection:
    """Copy what pg_dump would, as if the source's cluster were another one and ``ahead`` of this one."""
    target: Connection = await asyncpg.connect(other_dsn)
    await create_effects(target)
    await target.execute("delete from sguild_dispatcher.generation")
    for table in RESTORED:
        columns = await stored_columns(source, table)
        buffer = io.BytesIO()
        query = f"select {', '.join(columns)} from sguild_dispatcher.{table}"  # noqa: S608 - names of our own
        await source.copy_from_query(query, output=buffer)
        buffer.seek(0)
        await target.copy_to_table(table, schema_name="sguild_dispatcher", columns=columns, source=buffer)
    await target.execute("update sguild_dispatcher.generation set system_identifier = $1", FORMER_CLUSTER)
    await shift(target, ahead)
    return target


async def stored_columns(connection: Connection, table: str) -> list[str]:
    rows = await connection.fetch(
        "select column_name from information_schema.columns "
        "where table_schema = 'sguild_dispatcher' and table_name = $1 and is_generated = 'NEVER' order by 1",
        table,
    )
    return [each["column_name"] for each in rows]


SHIFTED_SNAPSHOT = """
    (
        select (xmin + $1)::text || ':' || (xmax + $1)::text || ':'
            || coalesce(string_agg((xip::text::bigint + $1)::text, ',' order by xip), '')
        from (
            select pg_snapshot_xmin({0})::text::bigint as xmin, pg_snapshot_xmax({0})::text::bigint as xmax
        ) as ends
        left join pg_snapshot_xip({0}) as xip on true
        group by xmin, xmax
    )::pg_snapshot
"""
SHIFTS = (
    "update sguild_dispatcher.event_log set txid = (txid::text::bigint + $1)::text::xid8",
    "update sguild_dispatcher.generation set txid = (txid::text::bigint + $1)::text::xid8",
    "update sguild_dispatcher.cursor set done = " + SHIFTED_SNAPSHOT.format("done"),  # noqa: S608 - text of our own
    "update sguild_dispatcher.cursor set window_snapshot = "  # noqa: S608
    + SHIFTED_SNAPSHOT.format("window_snapshot")
    + " where window_snapshot is not null",
)


async def shift(connection: Connection, ahead: int) -> None:
    """Let what was restored name transaction ids that are ``ahead`` of what they were, in one transaction."""
    async with connection.transaction():
        for each in SHIFTS:
            await connection.execute(each, ahead)


@pytest.mark.parametrize("ahead", [AHEAD, 0], ids=["ids-are-lower", "ids-are-higher"])
async def test_each_cursor_goes_on_where_it_was(
    database: Connection, dsn: str, other_dsn: str, ahead: int, caplog: pytest.LogCaptureFixture
) -> None:
    before = sales(dsn, batch_size=2)
    recording(before)
    await before.register()
    await publish(database, locked(1), locked(2), locked(3))
    await before.drain()
    await publish(database, locked(4), locked(5), locked(6))

    restored = await restore(database, other_dsn, ahead=ahead)
    # Services may be quicker than whoever restores.
    await publish(restored, locked(7))
    after = sales(other_dsn, batch_size=2)
    recording(after)
    with pytest.raises(ClusterChangedError, match="run `sguild-dispatcher migrate`"):
        await after.drain()
    assert await migrate(restored) == []
    assert [each.__dict__.get("code") for each in caplog.records] == ["cluster-changed"]
    await publish(restored, locked(8), locked(9))
    assert await after.drain() == DrainResult(delivered=6)
    assert await numbers(restored) == [4, 5, 6, 7, 8, 9]
    assert await after.drain() == DrainResult()
    await restored.close()


FROZEN_WINDOW = """
    insert into sguild_dispatcher.cursor
        (subscription_id, domain, partition, version, generation, done, window_snapshot, position)
    select
        subscription_id, domain, partition, version + 1, generation, done, pg_current_snapshot(),
        (select seq from sguild_dispatcher.event_log order by seq offset 1 limit 1)
    from sguild_dispatcher.cursor
"""


async def test_a_restore_inside_a_window(database: Connection, dsn: str, other_dsn: str) -> None:
    before = sales(dsn, batch_size=2)
    recording(before)
    await before.register()
    late = await asyncpg.connect(dsn)
    transaction = late.transaction()
    await transaction.start()
    await publish(late, locked(10))
    await publish(database, *(locked(each) for each in range(1, 6)))
    await database.execute(FROZEN_WINDOW)
    await transaction.commit()
    await late.close()

    restored = await restore(database, other_dsn, ahead=AHEAD)
    after = sales(other_dsn, batch_size=2)
    recording(after)
    await migrate(restored)
    # The late one lies before the position, but outside of the window: it was not done.
    assert await after.drain() == DrainResult(delivered=4)
    assert await numbers(restored) == [3, 4, 5, 10]
    await restored.close()


async def test_an_upgrade_of_the_cluster_changes_nothing(database: Connection, dsn: str) -> None:
    subscriber = sales(dsn)
    recording(subscriber)
    await subscriber.register()
    await publish(database, locked(1))
    await subscriber.drain()
    await publish(database, locked(2))
    # An update would leave a row that another transaction wrote than it names, as a restore does.
    await database.execute("delete from sguild_dispatcher.generation")
    await database.execute(
        "insert into sguild_dispatcher.generation (generation, system_identifier) values (1, $1)",
        FORMER_CLUSTER,
    )
    assert await migrate(database) == []
    assert await subscriber.drain() == DrainResult(delivered=1)
    assert await database.fetchval("select max(generation) from sguild_dispatcher.generation") == 1
