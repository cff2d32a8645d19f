import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from deliveries_kit import (
    LATER,
    SalesSubscriber,
    create_effects,
    failures,
    locked,
    numbers,
    publish,
    recording,
    sales,
    until,
)
from operation_kit import Run, Terminal, fail, result
from sample_contracts import CreditLockedV1, Event
from sguild_dispatcher.database import Connection
from sguild_dispatcher.subscriber import DrainResult, HandlerContext

REWIND = ("cursors", "rewind", "sales/crm", "--yes", "--actor", "ada", "--to")
SKIP = ("cursors", "skip", "sales/crm", "--yes", "--actor", "ada", "--to")


@pytest.fixture
async def crm(connection: Connection, configured: str) -> SalesSubscriber:
    """A registered subscriber that records numbers; the seq of its events are their numbers."""
    await create_effects(connection)
    subscriber = sales(configured)
    recording(subscriber)
    await subscriber.register()
    return subscriber


async def stopped_in_window(dsn: str, connection: Connection) -> None:
    """Deliver the first three of a window of five."""
    subscriber = sales(dsn, batch_size=2)

    @subscriber.on_credit_locked
    async def stop_at_three(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        if event.payload.locked_credits == 3:
            await subscriber.stop()
        await context.connection.execute(
            "insert into effect (number) values ($1)", event.payload.locked_credits
        )

    await publish(connection, *(locked(each) for each in range(1, 6)))
    await subscriber.drain()


@pytest.mark.usefixtures("configured")
async def test_the_place_of_each_partition_is_shown(run: Run) -> None:
    await run("subscribers", "register", "sales/crm", "--from", "beginning", "--partitions", "2")
    first, second = await result(run, "cursors", "show", "sales/crm")
    assert (first["partition"], second["partition"]) == (0, 1)
    assert (first["done"], first["window"], first["position"], first["owner"]) == ("3:3:", None, None, None)
    code, out, _ = await run("cursors", "show", "sales/crm")
    assert code == 0
    assert "3:3:" in out


async def test_a_rewind_delivers_again_from_there_in_order(
    run: Run, connection: Connection, crm: SalesSubscriber
) -> None:
    await publish(connection, *(locked(each) for each in range(1, 6)))
    await crm.drain()
    assert await run(*REWIND, "4") == (
        0,
        "2 events will be delivered again to sales/crm, from seq 4 on.\n",
        "",
    )
    await publish(connection, locked(6))
    await crm.drain()
    assert await numbers(connection) == [1, 2, 3, 4, 5, 4, 5, 6]
    [entry] = await result(run, "audit", "list", "--action", "rewind")
    assert (entry["actor"], entry["subscriber"], entry["details"]["to"]) == ("ada", "sales/crm", 4)


@asynccontextmanager
async def uncommitted(dsn: str, number: int) -> AsyncIterator[None]:
    """Publish in a transaction that commits at the end of the block."""
    connection: Connection = await asyncpg.connect(dsn)
    async with connection.transaction():
        await publish(connection, locked(number))
        yield
    await connection.close()


async def test_late_commits_are_neither_lost_nor_repeated_by_a_rewind(
    run: Run, connection: Connection, crm: SalesSubscriber, dsn: str
) -> None:
    """One commits just before it and one after it, both with a smaller seq than it goes back to."""
    async with uncommitted(dsn, 1):
        async with uncommitted(dsn, 2):
            await publish(connection, locked(3), locked(4))
            await crm.drain()
        assert (await result(run, *REWIND, "4"))["events"] == 1
    await crm.drain()
    assert sorted(await numbers(connection)) == [1, 2, 3, 4, 4]
    assert await crm.drain() == DrainResult()


async def test_a_worker_that_has_nothing_to_do_notices_a_rewind(
    run: Run, connection: Connection, crm: SalesSubscriber
) -> None:
    task = asyncio.create_task(crm.run())
    await publish(connection, locked(1), locked(2))

    async def delivered(count: int) -> bool:
        return len(await numbers(connection)) == count

    await until(lambda: delivered(2))
    assert (await run(*REWIND, "2"))[0] == 0
    await until(lambda: delivered(3))
    await crm.stop()
    await task
    assert await numbers(connection) == [1, 2, 2]


async def test_a_rewind_inside_of_a_window_keeps_what_is_left_of_it(
    run: Run, connection: Connection, crm: SalesSubscriber, configured: str
) -> None:
    await stopped_in_window(configured, connection)
    assert await numbers(connection) == [1, 2, 3]
    await publish(connection, locked(6))
    code, _, err = await run(*REWIND, "5")
    assert code == 2
    assert "Partition 0 of sales/crm is at 3, inside of a window" in err
    assert "go back to 4 or before" in err
    assert (await run(*REWIND, "2"))[0] == 0
    await crm.drain()
    assert await numbers(connection) == [1, 2, 3, 2, 3, 4, 5, 6]


async def test_a_rewind_takes_failures_along(
    run: Run, connection: Connection, crm: SalesSubscriber, configured: str
) -> None:
    failing = sales(configured, retry=LATER)
    failing.on_credit_locked(fail)
    await publish(connection, locked(1), locked(2))
    await failing.drain()
    assert [each["seq"] for each in await failures(connection)] == [1, 2]
    code, out, _ = await run(*REWIND, "2")
    assert (code, out.endswith("1 failed delivery row among them counts anew.\n")) == (0, True)
    assert [each["seq"] for each in await failures(connection)] == [1]
    await crm.drain()
    assert await numbers(connection) == [2]


async def test_the_inbox_keeps_leased_events_from_a_rewind_until_it_forgets(
    run: Run, connection: Connection, configured: str
) -> None:
    calls: list[int] = []
    subscriber = sales(configured)

    @subscriber.leased().on_credit_locked
    async def call_out(event: Event[CreditLockedV1], _context: HandlerContext) -> None:
        calls.append(event.payload.locked_credits)

    await subscriber.register()
    await publish(connection, locked(1), locked(2))
    await subscriber.drain()
    assert (await run(*REWIND, "1"))[0] == 0
    await subscriber.drain()
    assert calls == [1, 2]
    done = await result(run, *REWIND, "2", "--forget-inbox")
    assert (done["events"], done["inbox"]) == (1, 1)
    await subscriber.drain()
    assert calls == [1, 2, 2]


async def test_what_was_published_since_a_moment_is_delivered_again(
    run: Run, connection: Connection, crm: SalesSubscriber
) -> None:
    await publish(connection, locked(1), locked(2))
    await crm.drain()
    second = await connection.fetchval("select created_at from sguild_dispatcher.event_log where seq = 2")
    rewind = ("cursors", "rewind", "sales/crm", "--yes", "--since")
    assert (await result(run, *rewind, second.isoformat(), "--dry-run"))["to"] == 2
    nothing = "since 2999-01-01 00:00:00+0000 was delivered to sales/crm.\n"
    assert await run(*rewind, "2999-01-01") == (1, f"Nothing {nothing}", "")
    assert (await result(run, *rewind, "2999-01-01"))["done"] is False
    assert (await run(*rewind, "1h"))[0] == 0
    await crm.drain()
    assert await numbers(connection) == [1, 2, 1, 2]


async def test_a_rewind_to_before_a_restore_delivers_everything_since(
    run: Run, connection: Connection, crm: SalesSubscriber
) -> None:
    await publish(connection, *(locked(each) for each in range(1, 4)))
    await crm.drain()
    await connection.execute(
        "insert into sguild_dispatcher.generation (generation, system_identifier) "
        "select 2, system_identifier from sguild_dispatcher.generation"
    )
    await connection.execute("alter table sguild_dispatcher.event_log alter generation set default 2")
    await publish(connection, locked(4))
    await crm.drain()
    assert await numbers(connection) == [1, 2, 3, 4]
    assert (await result(run, *REWIND, "3"))["events"] == 2
    await publish(connection, locked(5))
    await crm.drain()
    assert await numbers(connection) == [1, 2, 3, 4, 3, 4, 5]


async def test_a_skip_to_now_leaves_out_what_is_committed(
    run: Run, connection: Connection, crm: SalesSubscriber, dsn: str
) -> None:
    late: Connection = await asyncpg.connect(dsn)
    transaction = late.transaction()
    await transaction.start()
    await publish(late, locked(1))
    await publish(connection, locked(2), locked(3))
    assert await run(*SKIP, "now") == (0, "sales/crm leaves out 2 events before now.\n", "")
    await transaction.commit()
    await late.close()
    await publish(connection, locked(4))
    await crm.drain()
    assert await numbers(connection) == [1, 4]
    assert (await run(*SKIP, "now"))[:2] == (1, "Nothing waits for sales/crm before now.\n")


async def test_a_skip_to_a_seq_goes_on_with_it(
    run: Run, connection: Connection, crm: SalesSubscriber
) -> None:
    await publish(connection, locked(1))
    await crm.drain()
    await publish(connection, *(locked(each) for each in range(2, 6)))
    assert (await result(run, *SKIP, "4"))["events"] == 2
    await publish(connection, locked(6))
    await crm.drain()
    assert await numbers(connection) == [1, 4, 5, 6]


async def test_a_skip_inside_of_a_window(
    run: Run, connection: Connection, crm: SalesSubscriber, configured: str
) -> None:
    await stopped_in_window(configured, connection)
    await publish(connection, locked(6), locked(7))
    code, _, err = await run(*SKIP, "2")
    assert (code, "skip to 4 or later" in err) == (2, True)
    assert (await result(run, *SKIP, "7"))["events"] == 3
    await crm.drain()
    assert await numbers(connection) == [1, 2, 3, 7]


async def test_all_partitions_are_set_at_once(run: Run, connection: Connection, configured: str) -> None:
    await create_effects(connection)
    await run("subscribers", "register", "sales/crm", "--from", "beginning", "--partitions", "4")
    subscriber = sales(configured)
    recording(subscriber)
    await publish(connection, *(locked(each) for each in range(1, 41)))
    await subscriber.drain()
    assert (await result(run, *REWIND, "21"))["events"] == 20
    await subscriber.drain()
    assert sorted(await numbers(connection)) == sorted([*range(1, 41), *range(21, 41)])
    await publish(connection, *(locked(each) for each in range(41, 61)))
    assert (await result(run, *SKIP, "51"))["events"] == 10
    await subscriber.drain()
    assert sorted(await numbers(connection))[-11:] == [40, *range(51, 61)]


@pytest.mark.parametrize(("answer", "effects"), [("y\n", [1, 1]), ("n\n", [1])])
async def test_a_person_is_asked_first(
    *,
    run: Run,
    connection: Connection,
    crm: SalesSubscriber,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    effects: list[int],
) -> None:
    await publish(connection, locked(1))
    await crm.drain()
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    code, _, err = await run("cursors", "rewind", "sales/crm", "--to", "1")
    assert code == (0 if answer == "y\n" else 1)
    assert "Deliver 1 event again to sales/crm, from seq 1 on? [y/N]" in err
    await crm.drain()
    assert await numbers(connection) == effects


@pytest.mark.usefixtures("crm")
async def test_nothing_is_set_while_partitions_change(run: Run, connection: Connection) -> None:
    await connection.execute("update sguild_dispatcher.subscription set partitions_wanted = 2")
    for command in ((*REWIND, "1"), (*SKIP, "now")):
        code, _, err = await run(*command)
        assert code == 2
        assert "`sguild-dispatcher subscribers partitions sales/crm --cancel`" in err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("rewind", "sales/crm"), "one of the arguments --to --since is required"),
        (("rewind", "sales/crm", "--to", "0"), "'0' is no number: write one from 1 on"),
        (
            ("rewind", "sales/crm", "--to", "9" * 23),
            "is too large: write a number from 1 to 9223372036854",
        ),
        (
            ("rewind", "sales/crm", "--to", "9" * 5000),
            "is too large: write a number from 1 to",
        ),
        (
            ("rewind", "sales/crm", "--since", "999999d"),
            "'999999d' is too long ago: the calendar",
        ),
        (("rewind", "sales/crm", "--since", "0001-01-01T00:00:00+14:00"), "is too long ago"),
        (("rewind", "sales/none", "--since", "2999-01-01"), "sales/none is not an active subscription"),
        (("rewind", "sales/crm", "--since", "noon"), "'noon' is no moment: write 2026-11-24T10:00:00Z"),
        (("rewind", "sales/none", "--to", "1"), "sales/none is not an active subscription"),
        (("skip", "sales/crm", "--to", "then"), "'then' is no number: write one from 1 on"),
        (("show", "sales/none"), "sales/none is not an active subscription"),
    ],
)
@pytest.mark.usefixtures("crm")
async def test_wrong_use_is_one_sentence(run: Run, arguments: tuple[str, ...], sentence: str) -> None:
    code, out, err = await run("cursors", *arguments)
    assert (code, out) == (2, "")
    assert sentence in err
    assert "Traceback" not in err
