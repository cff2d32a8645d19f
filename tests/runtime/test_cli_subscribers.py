import io
import json
import re
import sys

import pytest

from deliveries_kit import create_effects, locked, numbers, publish, recording, sales
from operation_kit import Run, Terminal, dead_letters, result
from sample_contracts import CreditLockedV1, Event
from sguild_dispatcher.database import Connection
from sguild_dispatcher.subscriber import Discard, HandlerContext


@pytest.mark.usefixtures("configured")
async def test_subscribers_are_registered_listed_and_retired(run: Run) -> None:
    register = ("subscribers", "register", "sales/sales-crm", "--from")
    assert (await run(*register, "beginning"))[:2] == (
        0,
        "sales/sales-crm is registered from the beginning.\n",
    )
    assert (await run(*register, "now"))[
        1
    ] == "sales/sales-crm was registered already and stays where it is.\n"
    assert re.search(r"sales/sales-crm +never ran +1 +0 +- +0 +0 +0\n", (await run("subscribers", "list"))[1])
    assert await run("subscribers", "retire", "sales/sales-crm", "--yes") == (
        0,
        "sales/sales-crm is retired.\n",
        "",
    )
    assert re.search(r"sales/sales-crm +retired", (await run("subscribers", "list"))[1])
    assert (await run(*register, "now"))[1] == "sales/sales-crm is registered from now on.\n"


@pytest.mark.usefixtures("configured")
async def test_subscribers_print_json(run: Run) -> None:
    _, out, _ = await run("subscribers", "register", "sales/crm", "--from", "now", "--format", "json")
    assert json.loads(out) == {"subscriber": "sales/crm", "new": True}
    _, out, _ = await run("subscribers", "list", "--format", "json")
    assert [each["subscriber"] for each in json.loads(out)] == ["sales/crm"]
    _, out, _ = await run("subscribers", "retire", "sales/crm", "--yes", "--format", "json")
    undelivered = {"waiting": 0, "waiting_is_exact": True, "retrying": 0, "held": 0, "dead": 0}
    assert json.loads(out) == {"subscriber": "sales/crm", **undelivered, "retired": True}


async def test_what_is_forgotten_by_registering_again_is_in_the_audit(
    run: Run, connection: Connection, configured: str
) -> None:
    await dead_letters(connection, configured, 2)
    await run("subscribers", "retire", "sales/crm", "--yes")
    again = ("subscribers", "register", "sales/crm", "--from", "beginning")
    assert (await run(*again, "--actor", "ada", "--because", "a fresh start"))[0] == 0
    assert await result(run, "dead-letters", "list") == []
    newest, _, first = await result(run, "audit", "list")
    assert (newest["actor"], newest["reason"], newest["events"]) == ("ada", "a fresh start", 2)
    assert (first["action"], first["actor"], first["events"]) == ("register", "service", 0)
    entry = await result(run, "audit", "show", str(newest["id"]))
    assert [(each["seq"], each["event_type"]) for each in entry["listed"]] == [
        (1, "credit.locked"),
        (2, "credit.locked"),
    ]
    code, out, _ = await run("audit", "show", str(newest["id"]), "--max", "1")
    assert code == 0
    assert "a fresh start" in out
    assert (entry["listed"][0]["event_id"] in out, entry["listed"][1]["event_id"] in out) == (True, False)
    code, _, err = await run("audit", "show", "999")
    assert (code, "There is no audit entry 999" in err) == (2, True)


async def test_what_a_handler_said_is_not_in_the_list(
    run: Run, connection: Connection, configured: str
) -> None:
    subscriber = sales(configured)

    @subscriber.on_credit_locked
    async def drop(_event: Event[CreditLockedV1], _context: HandlerContext) -> None:
        raise Discard("Ada Lovelace wants no more mail")

    await subscriber.register()
    await publish(connection, locked(1))
    await subscriber.drain()
    [entry] = await result(run, "audit", "list", "--action", "discard")
    assert (entry["actor"], entry["reason"]) == ("handler", "")
    code, out, _ = await run("audit", "list")
    assert (code, "Ada" in out) == (0, False)
    assert "`sguild-dispatcher audit show ID` does" in out
    assert (await result(run, "audit", "show", str(entry["id"])))[
        "reason"
    ] == "Ada Lovelace wants no more mail"


async def test_a_person_is_asked_before_a_place_in_the_log_is_lost(
    run: Run, connection: Connection, configured: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await dead_letters(connection, configured, 2)
    await publish(connection, locked(3))
    await run("subscribers", "register", "sales/mail", "--from", "now")
    deed = (
        "etire sales/crm, whose place in the log is lost (undelivered: 1 waiting, 0 retrying, 0 held, 2 dead)"
    )
    retire = ("subscribers", "retire", "sales/crm")
    assert await run(*retire, "--dry-run") == (0, f"Would r{deed}.\n", "")
    dry = await result(run, *retire, "--dry-run")
    assert (dry["retired"], dry["waiting"], dry["dead"]) == (False, 1, 2)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    refusal = f"sguild-dispatcher: Nobody is there to confirm: add --yes to r{deed}.\n"
    assert await run(*retire) == (2, "", refusal)
    monkeypatch.setattr(sys, "stdin", Terminal("n\n"))
    assert await run(*retire) == (1, "", f"R{deed}? [y/N] Nothing was done.\n")
    assert [each["state"] for each in await result(run, "subscribers", "list")] == ["active", "never ran"]
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    assert (await run(*retire))[:2] == (0, "sales/crm is retired.\n")
    assert [each["state"] for each in await result(run, "subscribers", "list")] == ["retired", "never ran"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("register", "crm", "--from", "now"), "'crm' is no subscriber: write DOMAIN/NAME in lower case"),
        (("register", "crm/", "--from", "now"), "'crm/' is no subscriber: write DOMAIN/NAME in lower case"),
        (("register", "Sales/crm", "--from", "now"), "'Sales/crm' is no subscriber"),
        (("register", "sales/a/b", "--from", "now"), "'sales/a/b' is no subscriber"),
        (("retire", "sales/none"), "sales/none is not an active subscription: `sguild-dispatcher subscr"),
        (("register", "sales/crm"), "the following arguments are required: --from"),
        (("register", "sales/crm", "--from", "tomorrow"), "invalid choice: 'tomorrow'"),
    ],
)
@pytest.mark.usefixtures("configured")
async def test_wrong_subscribers_are_refused(run: Run, arguments: tuple[str, ...], sentence: str) -> None:
    code, out, err = await run("subscribers", *arguments)
    assert (code, out) == (2, "")
    assert sentence in err
    assert "Traceback" not in err


async def test_a_paused_subscriber_delivers_nothing_until_it_is_resumed(
    run: Run, connection: Connection, configured: str
) -> None:
    await create_effects(connection)
    subscriber = sales(configured)
    recording(subscriber)
    await subscriber.register()
    assert await run("subscribers", "resume", "sales/crm") == (0, "sales/crm was not paused.\n", "")
    assert await run("subscribers", "pause", "sales/crm") == (0, "sales/crm is paused.\n", "")
    assert (await run("subscribers", "pause", "sales/crm"))[1] == "sales/crm was paused already.\n"
    await publish(connection, locked(1))
    await subscriber.drain()
    assert await numbers(connection) == []
    assert (await result(run, "subscribers", "list"))[0]["state"] == "paused"
    assert await run("subscribers", "resume", "sales/crm") == (0, "sales/crm goes on.\n", "")
    await subscriber.drain()
    assert await numbers(connection) == [1]


@pytest.mark.usefixtures("configured")
async def test_what_changes_a_subscriber_is_in_the_audit(run: Run) -> None:
    who = ("--actor", "ada", "--because", "spring cleaning")
    for action in ("register", "pause", "resume", "retire"):
        options = {"register": ("--from", "now"), "retire": ("--yes",)}.get(action, ())
        await run("subscribers", action, "sales/crm", *options, *who)
    await run("subscribers", "register", "sales/mail", "--from", "now", "--actor", "bob")
    entries = await result(run, "audit", "list", "--subscriber", "sales/crm")
    assert [each["action"] for each in entries] == ["retire", "resume", "pause", "register"]
    assert {(each["actor"], each["reason"]) for each in entries} == {("ada", "spring cleaning")}
    [newest] = await result(run, "audit", "list", "--max", "1")
    assert (newest["subscriber"], newest["details"]) == ("sales/mail", {"start": "now", "partitions": 1})
    assert await result(run, "audit", "list", "--since", "2999-01-01") == []
    assert len(await result(run, "audit", "list", "--action", "register", "--since", "1h")) == 2
    code, out, _ = await run("audit", "list", "--action", "pause")
    assert code == 0
    assert "spring cleaning" in out
