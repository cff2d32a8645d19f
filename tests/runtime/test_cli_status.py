import asyncio
import json
import os
import re
import socket
from datetime import UTC, datetime

import asyncpg
import pytest

from deliveries_kit import create_effects, locked, numbers, publish, recording, sales, until
from operation_kit import Run, dead_letters, result
from sample_contracts import CreditLockedV1, Event
from sguild_dispatcher.database import Connection
from sguild_dispatcher.subscriber import HandlerContext


@pytest.mark.usefixtures("configured")
async def test_status_of_an_empty_database_names_the_next_command(run: Run) -> None:
    code, out, err = await run("status")
    assert (code, err) == (0, "")
    assert out.startswith(
        "The schema has version 1.\nNo subscriber is registered: run "
        "`sguild-dispatcher subscribers register DOMAIN/NAME --from beginning`.\n\n"
        "The log has at most 0 events in "
    )


async def test_status_shows_what_waits(run: Run, connection: Connection, configured: str) -> None:
    await sales(configured).register()
    await publish(connection, locked(1), locked(2))
    code, out, _ = await run("status")
    assert code == 0
    assert re.search(r"sales/crm +never ran +1 +2 +\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ +0 +0 +0\n", out)
    _, out, _ = await run("status", "--format", "json")
    [found] = json.loads(out)["subscribers"]
    assert (found["subscriber"], found["waiting"], found["same_cluster"]) == ("sales/crm", 2, True)


async def test_status_tells_a_subscriber_that_never_ran_from_one_that_did(run: Run, configured: str) -> None:
    assert (await run("subscribers", "register", "nosuch/x", "--from", "now"))[0] == 0
    await sales(configured).register()
    await sales(configured).drain()
    code, out, _ = await run("status")
    assert code == 0
    assert re.search(r"^nosuch/x +never ran ", out, re.MULTILINE)
    assert re.search(r"^sales/crm +active ", out, re.MULTILINE)
    _, out, _ = await run("status", "--format", "json")
    assert [each["first_started_at"] is None for each in json.loads(out)["subscribers"]] == [True, False]


async def test_status_counts_nothing_for_a_drained_subscriber(
    run: Run, connection: Connection, configured: str
) -> None:
    await dead_letters(connection, configured)
    await publish(connection, locked(1))
    await connection.execute(
        "update sguild_dispatcher.event_log set event_type = 'lead.created' where seq = 2"
    )
    _, out, _ = await run("status", "--format", "json")
    assert json.loads(out)["subscribers"][0]["waiting"] == 0


async def test_status_inside_a_window_counts_the_rest(
    run: Run, connection: Connection, configured: str
) -> None:
    subscriber = sales(configured, batch_size=2)

    @subscriber.on_credit_locked
    async def stop_at_second_page(event: Event[CreditLockedV1], _context: HandlerContext) -> None:
        if event.payload.locked_credits == 3:
            await subscriber.stop()

    await subscriber.register()
    await publish(connection, *(locked(each) for each in range(1, 6)))
    await subscriber.drain()
    await publish(connection, locked(6))
    _, out, _ = await run("status", "--format", "json")
    assert json.loads(out)["subscribers"][0]["waiting"] == 3


async def test_status_with_dead_letters_is_a_finding(
    run: Run, connection: Connection, configured: str
) -> None:
    await dead_letters(connection, configured)
    code, out, _ = await run("status")
    assert code == 1
    assert "see `sguild-dispatcher dead-letters list --subscriber sales/crm`" in out


async def test_status_of_a_foreign_cluster_is_a_finding(
    run: Run, connection: Connection, configured: str
) -> None:
    await sales(configured).register()
    await connection.execute("update sguild_dispatcher.generation set system_identifier = 1")
    code, out, _ = await run("status")
    assert code == 1
    assert "sales/crm has a cursor of another cluster: run `sguild-dispatcher migrate`." in out


async def test_status_shows_each_partition_with_its_lag_and_owner(
    run: Run, connection: Connection, configured: str
) -> None:
    await create_effects(connection)
    await run("subscribers", "register", "sales/crm", "--from", "beginning", "--partitions", "2")
    subscriber = sales(configured)
    recording(subscriber)
    task = asyncio.create_task(subscriber.run())
    await publish(connection, *(locked(each) for each in range(1, 11)))

    async def delivered() -> bool:
        return len(await numbers(connection)) == 10

    await until(delivered)
    [found] = (await result(run, "status"))["subscribers"]
    owners = [(each["owner"], each["owner_alive"]) for each in found["partitions"]]
    assert owners == [(f"{socket.gethostname()}:{os.getpid()}", True)] * 2
    assert (found["waiting"], found["lag_seconds"], found["waiting_since"]) == (0, 0.0, None)
    await run("subscribers", "pause", "sales/crm")
    await publish(connection, *(locked(each) for each in range(11, 31)))
    await connection.execute(
        "update sguild_dispatcher.event_log set created_at = created_at - interval '1 hour' where seq = 11"
    )
    [found] = (await result(run, "status"))["subscribers"]
    assert (found["state"], found["waiting"]) == ("paused", 20)
    assert sum(each["waiting"] for each in found["partitions"]) == 20
    assert 3600 <= found["lag_seconds"] < 3700

    async def seems_dead() -> bool:
        """The worker lives, and may say so before the command looks."""
        await connection.execute("update sguild_dispatcher.worker set alive_until = now() - interval '1 day'")
        return f"{os.getpid()} (dead)" in (await run("status"))[1]

    await until(seems_dead)
    await subscriber.stop()
    await task
    assert [each["owner"] for each in (await result(run, "status"))["subscribers"][0]["partitions"]] == [
        None
    ] * 2


async def test_counting_ends_at_a_limit_and_says_so(
    run: Run, connection: Connection, configured: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sguild_dispatcher.status.COUNTED", 3)
    await sales(configured).register()
    await publish(connection, *(locked(each) for each in range(1, 4)))
    [found] = (await result(run, "status"))["subscribers"]
    assert (found["waiting"], found["waiting_is_exact"]) == (3, True)
    await publish(connection, locked(4), locked(5))
    [found] = (await result(run, "status"))["subscribers"]
    assert (found["waiting"], found["waiting_is_exact"]) == (3, False)
    assert re.search(r"sales/crm +never ran +1 +>3 ", (await run("status"))[1])
    [found] = (await result(run, "status", "--exact"))["subscribers"]
    assert (found["waiting"], found["waiting_is_exact"]) == (5, True)


async def test_status_counts_what_commits_late_and_what_a_restore_left(
    run: Run, connection: Connection, configured: str
) -> None:
    late: Connection = await asyncpg.connect(configured)
    transaction = late.transaction()
    await transaction.start()
    await publish(late, locked(1))
    await publish(connection, locked(2))
    await sales(configured).register("now")
    await transaction.commit()
    await late.close()
    assert (await result(run, "status"))["subscribers"][0]["waiting"] == 1
    await connection.execute(
        "insert into sguild_dispatcher.generation (generation, system_identifier) "
        "select 2, system_identifier from sguild_dispatcher.generation"
    )
    await connection.execute("alter table sguild_dispatcher.event_log alter generation set default 2")
    await publish(connection, locked(3), locked(4))
    assert (await result(run, "status"))["subscribers"][0]["waiting"] == 3


async def test_status_knows_the_slowest_handler_of_the_hour(
    run: Run, connection: Connection, configured: str
) -> None:
    for seconds in (0.05, 0.01):
        subscriber = sales(configured)

        @subscriber.on_credit_locked
        async def slow(_event: Event[CreditLockedV1], _context: HandlerContext) -> None:
            await asyncio.sleep(seconds)  # noqa: B023 - it is called in the same turn

        await subscriber.register()
        await publish(connection, locked(1), locked(2))
        await subscriber.drain()
    [found] = (await result(run, "status"))["subscribers"]
    slowest = found["slowest"]
    assert (slowest["event_type"], slowest["calls"]) == ("credit.locked", 4)
    assert 0.05 <= slowest["slowest_seconds"] < 2
    assert 0.03 <= slowest["average_seconds"] < slowest["slowest_seconds"]
    await connection.execute("update sguild_dispatcher.handler_time set hour = hour - interval '1 hour'")
    await publish(connection, locked(3))
    await subscriber.drain()
    slowest = (await result(run, "status"))["subscribers"][0]["slowest"]
    assert (slowest["calls"], slowest["slowest_seconds"] < 2) == (1, True)
    assert re.search(r"sales/crm +credit\.locked +\d\.\d{3} +\d\.\d{3} +1 ", (await run("status"))[1])


async def test_status_tells_how_large_the_log_is(run: Run, connection: Connection, configured: str) -> None:
    before = (await result(run, "status"))["log"]
    await sales(configured).register()
    await publish(connection, *(locked(each) for each in range(1, 101)))
    after = (await result(run, "status"))["log"]
    assert (before["rows_at_most"], after["rows_at_most"]) == (0, 100)
    assert after["bytes"] > before["bytes"] > 0
    assert after["oldest_day"] == datetime.now(UTC).date().isoformat()
    assert after["blocked_by"] == []
