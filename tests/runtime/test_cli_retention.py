import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from deliveries_kit import create_effects, locked, publish, recording, sales
from operation_kit import Run, dead_letters, result
from sguild_dispatcher.database import Connection

RUN = ("retention", "run", "--actor", "cron")
OLD = datetime(2020, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
async def database(connection: Connection, configured: str) -> Connection:
    """A log whose first two days are long ago: one has a table, the other lies in the default one."""
    await create_effects(connection)
    await connection.execute(
        "create table sguild_dispatcher.event_log_20200301 partition of sguild_dispatcher.event_log "
        "for values from ('2020-03-01 00:00Z') to ('2020-03-02 00:00Z')"
    )
    subscriber = sales(configured)
    recording(subscriber)
    await subscriber.register()
    return connection


async def publish_at(connection: Connection, moment: datetime, *numbers: int) -> None:
    """Publish events as if it were long ago."""
    set_default = "alter table sguild_dispatcher.event_log alter created_at set default "
    await connection.execute(f"{set_default} '{moment.isoformat()}'")
    await publish(connection, *(locked(each) for each in numbers))
    await connection.execute(f"{set_default} pg_catalog.clock_timestamp()")


async def logged(connection: Connection) -> list[int]:
    return [
        row["seq"]
        for row in await connection.fetch("select seq from sguild_dispatcher.event_log order by seq")
    ]


async def drain(dsn: str) -> None:
    subscriber = sales(dsn)
    recording(subscriber)
    await subscriber.drain()


async def test_old_days_go_when_every_cursor_is_past_them(
    run: Run, database: Connection, configured: str
) -> None:
    await publish_at(database, OLD, 1, 2)
    await publish_at(database, OLD + timedelta(days=7), 3)
    await publish(database, locked(4))
    code, out, _ = await run(*RUN, "--dry-run")
    assert code == 1
    assert "Kept 2020-03-01 of the log, which was not delivered yet: see sales/crm partition 0." in out
    await drain(configured)
    code, out, _ = await run(*RUN, "--dry-run")
    assert (code, "Would drop 2020-03-01 of the log." in out) == (0, True)
    assert await logged(database) == [1, 2, 3, 4]
    done = await result(run, *RUN)
    assert done["dropped"] == ["2020-03-01", "2020-03-08"]
    assert done["freed_bytes"] > 0
    assert done["kept"] == []
    assert await logged(database) == [4]
    assert await database.fetchval("select to_regclass('sguild_dispatcher.event_log_20200301')") is None
    [entry] = await result(run, "audit", "list", "--action", "retention")
    assert (entry["actor"], entry["details"]["days"]) == ("cron", 30)


async def test_status_names_who_blocks_and_since_when(
    run: Run, database: Connection, configured: str
) -> None:
    await publish_at(database, OLD, 1)
    log = (await result(run, "status"))["log"]
    assert log["oldest_day"] == "2020-03-01"
    assert log["blocked_by"] == [{"subscriber": "sales/crm", "partition": 0}]
    assert "the oldest of 2020-03-01, which sales/crm partition 0 still needs." in (await run("status"))[1]
    await drain(configured)
    assert (await result(run, "status"))["log"]["blocked_by"] == []


async def test_each_kind_of_cursor_keeps_its_days(run: Run, database: Connection, configured: str) -> None:
    """One that stands in a window keeps them, one that is paused does, and one that is retired does not."""
    await drain(configured)
    stopping = sales(configured, "mail", batch_size=2)

    @stopping.on_credit_locked
    async def stop_at_once(*_: object) -> None:
        await stopping.stop()

    await stopping.register()
    await run("subscribers", "register", "sales/paused", "--from", "beginning")
    await run("subscribers", "pause", "sales/paused")
    await run("subscribers", "register", "sales/gone", "--from", "beginning")
    await run("subscribers", "retire", "sales/gone", "--yes")
    await publish_at(database, OLD, 1, 2, 3)
    await drain(configured)
    await stopping.drain()
    [kept] = (await result(run, *RUN))["kept"]
    assert [each["subscriber"] for each in kept["blocked_by"]] == ["sales/mail", "sales/paused"]
    await run("subscribers", "retire", "sales/paused", "--yes")
    for _ in range(3):
        await stopping.drain()
    assert (await result(run, *RUN))["dropped"] == ["2020-03-01"]


async def test_an_event_that_commits_late_keeps_its_day(
    run: Run, database: Connection, configured: str, dsn: str
) -> None:
    late: Connection = await asyncpg.connect(dsn)
    await publish_at(database, OLD, 1)
    transaction = late.transaction()
    await transaction.start()
    await late.execute(
        "insert into sguild_dispatcher.event_log (event_id, event_type, schema_version, producer, tenant_id, "
        "ordering_key, key_id, signature, body, created_at) "
        "select event_id || 'b', event_type, schema_version, producer, tenant_id, "
        "ordering_key, key_id, signature, body, created_at from sguild_dispatcher.event_log"
    )
    await drain(configured)
    task = asyncio.ensure_future(run(*RUN))
    await asyncio.sleep(1)
    assert not task.done(), "the open transaction was not waited for"
    # Who publishes meanwhile is not kept waiting: the lock is asked for in short attempts.
    async with asyncio.timeout(2):
        await publish(database, locked(7))
    await transaction.commit()
    await late.close()
    code, out, _ = await asyncio.wait_for(task, 30)
    assert (code, "Kept 2020-03-01 of the log" in out) == (1, True)
    assert await logged(database) == [1, 2, 3]


async def test_a_log_that_cannot_be_locked_is_said_to_be_busy(
    run: Run, database: Connection, configured: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sguild_dispatcher.retention.LOCK_ATTEMPTS", 2)
    await publish_at(database, OLD, 1)
    await drain(configured)
    async with database.transaction():
        await logged(database)
        code, out, _ = await run(*RUN)
    assert code == 1
    assert "Kept 2020-03-01: the log is too busy to be locked; run it again." in out


async def test_the_inbox_outlives_the_log_and_the_last_batch(
    run: Run, database: Connection, configured: str
) -> None:
    insert = (
        "insert into sguild_dispatcher.inbox (subscription_id, domain, producer, event_id, done_at) "
        "select id, domain, 'revenue', $1, now() - make_interval(days => $2) "
        "from sguild_dispatcher.subscription"
    )
    await database.execute(insert, "old", 100)
    await database.execute(insert, "older", 200)
    done = await result(run, *RUN)
    assert done["inbox"] == 1  # the days are counted back from the last one, and not from today
    await database.execute(insert, "new", 0)
    await publish_at(database, datetime.now(UTC) - timedelta(days=150), 1)
    assert (await result(run, *RUN))["inbox"] == 0  # the log still has what may be delivered again
    await drain(configured)
    done = await result(run, *RUN)
    assert len(done["dropped"]) == 1
    assert done["inbox"] == 1
    left = await database.fetch("select event_id from sguild_dispatcher.inbox")
    assert [each["event_id"] for each in left] == ["new"]
    await database.execute("update sguild_dispatcher.inbox set done_at = now() - interval '200 days'")
    assert (await result(run, *RUN))["inbox"] == 0
    retire = "update sguild_dispatcher.subscription set retired_at = now() - make_interval(days => $1)"
    await database.execute(retire, 40)
    assert (await result(run, *RUN))["inbox"] == 0
    await database.execute(retire, 120)
    assert (await result(run, *RUN, "--dry-run"))["inbox"] == 1
    assert (await result(run, *RUN))["inbox"] == 1


async def test_dead_letters_are_kept_unless_a_period_is_given(
    run: Run, database: Connection, configured: str
) -> None:
    await dead_letters(database, configured, 2)
    await database.execute(
        "update sguild_dispatcher.failed_delivery set last_failed_at = now() - interval '400 days' "
        "where seq = 1"
    )
    assert (await result(run, *RUN))["failed"] == 0
    assert (await result(run, *RUN, "--dead-letter-days", "365", "--dry-run"))["failed"] == 1
    assert (await result(run, *RUN, "--dead-letter-days", "365"))["failed"] == 1
    assert [each["seq"] for each in await result(run, "dead-letters", "list")] == [2]
    entry = (await result(run, "audit", "list", "--action", "retention"))[0]
    assert entry["events"] == 1


async def test_what_failed_for_a_retired_subscriber_goes_with_the_log(
    run: Run, database: Connection, configured: str
) -> None:
    await dead_letters(database, configured, 1)
    await run("subscribers", "retire", "sales/crm", "--yes")
    assert (await result(run, *RUN))["failed"] == 0
    await database.execute(
        "update sguild_dispatcher.subscription set retired_at = now() - interval '31 days'"
    )
    assert (await result(run, *RUN))["failed"] == 1


async def test_audit_entries_go_after_their_period(run: Run, database: Connection) -> None:
    await run("subscribers", "pause", "sales/crm")
    await database.execute("update sguild_dispatcher.audit_entry set acted_at = now() - interval '731 days'")
    assert (await result(run, *RUN, "--audit-days", "800"))["audit"] == 0
    assert (await result(run, *RUN))["audit"] == 2  # the pause, and before it the registration
    assert [each["action"] for each in await result(run, "audit", "list")] == ["retention", "retention"]


async def test_days_to_come_are_made(run: Run, database: Connection) -> None:
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    name = f"sguild_dispatcher.event_log_{tomorrow:%Y%m%d}"
    await database.execute(f"drop table {name}")
    assert (await result(run, *RUN))["created_days"] == 1
    assert await database.fetchval("select to_regclass($1)::text", name) == name


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--days", "0"), "'0' is no number: write one from 1 on"),
        (("--days", "99999999999"), "--days: '99999999999' is too large: write a number from 1 to 36500"),
        (("--days", "4000000", "--inbox-days", "4000001"), "--days: '4000000' is too large"),
        (("--inbox-days", "36501"), "--inbox-days: '36501' is too large"),
        (("--dead-letter-days", "36501"), "--dead-letter-days: '36501' is too large"),
        (("--audit-days", "3000000"), "--audit-days: '3000000' is too large"),
        (("--days", "36500"), "inbox_days is 36515: a period of retention is 1 to 36500 days"),
        (("--days", "30", "--inbox-days", "30"), "The inbox would be kept for 30 days and the log for 30"),
    ],
)
@pytest.mark.usefixtures("database")
async def test_wrong_periods_are_refused(run: Run, options: tuple[str, ...], sentence: str) -> None:
    code, out, err = await run(*RUN, *options)
    assert (code, out) == (2, "")
    assert sentence in err


@pytest.mark.usefixtures("database")
async def test_the_longest_periods_are_possible(run: Run) -> None:
    longest = ("--inbox-days", "36500", "--dead-letter-days", "36500", "--audit-days", "36500")
    for more in ((), ("--dry-run",)):
        assert (await run(*RUN, "--days", "36400", *longest, *more))[0] == 0
