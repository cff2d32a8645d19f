import io
import json
import sys

import pytest

from deliveries_kit import create_effects, numbers, sales
from operation_kit import Run, Terminal, dead_letters
from sample_contracts import CreditLockedV1, Event
from sguild_dispatcher.database import Connection
from sguild_dispatcher.subscriber import HandlerContext


async def test_the_list_shows_what_failed_and_no_payload(
    run: Run, connection: Connection, configured: str
) -> None:
    assert await run("dead-letters", "list") == (0, "There are no such dead letters.\n", "")
    await dead_letters(connection, configured)
    code, out, _ = await run("dead-letters", "list")
    assert code == 0
    assert "LookupError" in out
    assert "nobody is home" not in out
    assert out.endswith("`sguild-dispatcher dead-letters show ID` does.\n")
    assert "credit.locked" in out
    assert "locked_credits" not in out
    _, out, _ = await run("dead-letters", "list", "--format", "json")
    [letter] = json.loads(out)
    assert (letter["reason"], letter["subscriber"]) == ("handler_failed", "sales/crm")
    assert letter["detail"] == "LookupError"
    assert "body" not in letter


async def test_show_hides_the_payload_until_asked(run: Run, connection: Connection, configured: str) -> None:
    await dead_letters(connection, configured)
    code, out, _ = await run("dead-letters", "show", "1")
    assert code == 0
    assert "locked_credits" not in out
    assert "--payload shows it" in out
    assert "LookupError: nobody is home" in out
    assert '"locked_credits":1' in (await run("dead-letters", "show", "1", "--payload"))[1]
    _, out, _ = await run("dead-letters", "show", "1", "--format", "json", "--payload")
    assert json.loads(json.loads(out)["body"])["payload"]["locked_credits"] == 1
    assert "body" not in json.loads((await run("dead-letters", "show", "1", "--format", "json"))[1])


async def test_what_a_row_holds_cannot_disturb_a_terminal(
    run: Run, connection: Connection, configured: str
) -> None:
    await dead_letters(connection, configured)
    await connection.execute(
        "update sguild_dispatcher.failed_delivery set detail = e'\\x1b[2J\\nsales/crm ok \u202e'"
    )
    for arguments in (("list",), ("show", "1")):
        _, out, _ = await run("dead-letters", *arguments)
        assert "\\u001b[2J\\u000asales/crm ok \\u202e" in out
        assert "\x1b" not in out


async def test_replay_and_discard_act_on_what_the_filter_means(
    run: Run, connection: Connection, configured: str
) -> None:
    await dead_letters(connection, configured, 3)
    replay = ("dead-letters", "replay", "--yes", "--actor", "ada", "--because", "mended")
    assert await run(*replay, "--id", "1") == (
        0,
        "Replayed 1 dead letter: `sguild-dispatcher dead-letters replays 1` follows them.\n",
        "",
    )
    assert await run(*replay, "--id", "1") == (1, "There are no such dead letters to replay.\n", "")
    code, out, _ = await run("dead-letters", "discard", "--all", "--yes", "--format", "json")
    assert (code, json.loads(out)) == (0, {"action": "discard", "count": 2})
    audit = await connection.fetch("select action, actor, reason from sguild_dispatcher.audit_entry")
    assert tuple(audit[0]) == ("replay", "ada", "mended")
    assert [each["action"] for each in audit] == ["replay", "discard"]
    assert audit[1]["actor"]


@pytest.mark.parametrize(
    ("answer", "code", "left"), [("y\n", 0, 0), ("YES\n", 0, 0), ("n\n", 1, 2), ("", 1, 2)]
)
async def test_a_person_is_asked_with_the_count(
    *,
    run: Run,
    connection: Connection,
    configured: str,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    code: int,
    left: int,
) -> None:
    await dead_letters(connection, configured, 2)
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    got, _, err = await run("dead-letters", "discard", "--reason", "handler_failed")
    assert got == code
    assert "Discard 2 dead letters? [y/N]" in err
    assert len(json.loads((await run("dead-letters", "list", "--format", "json"))[1])) == left


@pytest.mark.usefixtures("configured")
async def test_nobody_is_asked_about_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    assert await run("dead-letters", "replay", "--all") == (
        1,
        "There are no such dead letters to replay.\n",
        "",
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ("replay",),
            "Nothing says which dead letters to replay: add a filter (--id, --subscriber, --event-type",
        ),
        (("discard", "--yes"), "or --all for every one."),
        (("discard", "--all", "--id", "1"), "--all means every dead letter: leave it out where a filter is"),
        (("list", "--reason", "late"), "'late' is no reason of a dead letter; the reasons are bad_signature"),
        (("list", "--id", "one"), "argument --id: invalid int value: 'one'"),
        (("list", "--id", "-1"), "-1 is no id of a dead letter"),
        (("list", "--id", "9" * 30), "is no id of a dead letter"),
        (("list", "--event-type", ""), "--event-type is empty: leave it out, or say which"),
        (("list", "--subscriber", "sales"), "'sales' is no subscriber: write DOMAIN/NAME"),
        (("list", "--subscriber", "sales/none"), "sales/none is not a registered subscriber"),
        (("show", "17"), "There is no dead letter 17: `sguild-dispatcher dead-letters list` shows all."),
        (("show", "x"), "invalid int value: 'x'"),
        ((), "the following arguments are required: COMMAND"),
    ],
)
@pytest.mark.usefixtures("configured")
async def test_wrong_use_of_dead_letters_is_one_sentence(
    run: Run, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], sentence: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    code, out, err = await run("dead-letters", *arguments)
    assert (code, out) == (2, "")
    assert sentence in err
    assert "Traceback" not in err


async def test_the_dead_letter_of_a_mended_handler_is_replayed_from_the_command_line(
    run: Run, connection: Connection, configured: str
) -> None:
    await create_effects(connection)
    await dead_letters(connection, configured)
    assert (await run("dead-letters", "replay", "--event-type", "credit.locked", "--yes"))[0] == 0
    subscriber = sales(configured)

    @subscriber.on_credit_locked
    async def mended(_event: Event[CreditLockedV1], context: HandlerContext) -> None:
        await context.connection.execute("insert into effect (number) values (1)")

    await subscriber.drain()
    assert await numbers(connection) == [1]
    assert (await run("status"))[0] == 0
