import json
import re

import pytest

from deliveries_kit import locked, publish, sales
from operation_kit import Run, dead_letters
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
