import asyncio
import io
import json
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from deliveries_kit import create_effects, locked, numbers, publish, sales
from sample_contracts import CreditLockedV1, Event, PersonId
from sguild_dispatcher.cli import main
from sguild_dispatcher.database import Connection
from sguild_dispatcher.subscriber import HandlerContext

Run = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in a thread, because it starts an event loop of its own."""

    async def call(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = await asyncio.to_thread(main, arguments)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def configured(dsn: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("SGUILD_DISPATCHER_DSN", dsn)
    return dsn


async def fail(_event: Event[CreditLockedV1], _context: HandlerContext) -> None:
    raise LookupError("nobody is home")


async def dead_letters(connection: Connection, dsn: str, count: int = 1) -> None:
    subscriber = sales(dsn)
    subscriber.on_credit_locked(fail)
    await subscriber.register()
    await publish(connection, *(locked(each + 1) for each in range(count)))
    await subscriber.drain()


# migrate and status


async def test_migrate_says_what_it_did(run: Run, empty_dsn: str) -> None:
    assert await run("migrate", "--dsn", empty_dsn) == (
        0,
        ("applied 0001_event_log.sql\nThe schema has version 1.\n"),
        "",
    )
    assert await run("migrate", "--dsn", empty_dsn) == (0, "Nothing to do: the schema has version 1.\n", "")
    code, out, _ = await run("migrate", "--dsn", empty_dsn, "--format", "json")
    assert (code, json.loads(out)) == (0, {"applied": [], "version": 1})


@pytest.mark.usefixtures("configured")
async def test_status_of_an_empty_database_names_the_next_command(run: Run) -> None:
    assert await run("status") == (
        0,
        (
            "The schema has version 1.\nNo subscriber is registered: run "
            "`sguild-dispatcher subscribers register DOMAIN/NAME --from beginning`.\n"
        ),
        "",
    )


async def test_status_shows_what_waits(run: Run, connection: Connection, configured: str) -> None:
    await sales(configured).register()
    await publish(connection, locked(1), locked(2))
    code, out, _ = await run("status")
    assert code == 0
    assert re.search(r"sales/crm +never ran +2 +\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ +0 +0\n", out)
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
    assert "sales/crm was registered in another cluster" in out


# subscribers


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
    assert re.search(r"sales/sales-crm +never ran +0 +- +0 +0\n", (await run("subscribers", "list"))[1])
    assert await run("subscribers", "retire", "sales/sales-crm") == (0, "sales/sales-crm is retired.\n", "")
    assert re.search(r"sales/sales-crm +retired", (await run("subscribers", "list"))[1])
    assert (await run(*register, "now"))[1] == "sales/sales-crm is registered from now on.\n"


@pytest.mark.usefixtures("configured")
async def test_subscribers_print_json(run: Run) -> None:
    _, out, _ = await run("subscribers", "register", "sales/crm", "--from", "now", "--format", "json")
    assert json.loads(out) == {"subscriber": "sales/crm", "new": True}
    _, out, _ = await run("subscribers", "list", "--format", "json")
    assert [each["subscriber"] for each in json.loads(out)] == ["sales/crm"]
    _, out, _ = await run("subscribers", "retire", "sales/crm", "--format", "json")
    assert json.loads(out) == {"subscriber": "sales/crm", "retired": True}


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


# dead letters


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
    assert await run(*replay, "--id", "1") == (0, "Replayed 1 dead letter.\n", "")
    assert await run(*replay, "--id", "1") == (1, "There are no such dead letters to replay.\n", "")
    code, out, _ = await run("dead-letters", "discard", "--all", "--yes", "--format", "json")
    assert (code, json.loads(out)) == (0, {"action": "discard", "count": 2})
    audit = await connection.fetch("select action, actor, reason from sguild_dispatcher.audit_entry")
    assert tuple(audit[0]) == ("replay", "ada", "mended")
    assert [each["action"] for each in audit] == ["replay", "discard"]
    assert audit[1]["actor"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


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
        "",
        "There are no such dead letters to replay.\n",
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
        (("replay", "--all"), "Nobody is there to confirm: add --yes to replay 0 dead letters."),
        (("list", "--reason", "late"), "'late' is no reason of a dead letter; the reasons are bad_signature"),
        (("list", "--id", "one"), "argument --id: invalid int value: 'one'"),
        (("list", "--id", "-1"), "-1 is no id of a dead letter"),
        (("list", "--id", "9" * 30), "is no id of a dead letter"),
        (("list", "--event-type", ""), "--event-type is empty"),
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


# what every command of a database may meet

COMMANDS = [
    ("status",),
    ("subscribers", "list"),
    ("subscribers", "register", "sales/crm", "--from", "now"),
    ("subscribers", "retire", "sales/crm"),
    ("dead-letters", "list"),
    ("dead-letters", "show", "1"),
    ("dead-letters", "replay", "--all", "--yes"),
    ("dead-letters", "discard", "--all", "--yes"),
]


@pytest.mark.parametrize("command", COMMANDS)
async def test_an_unmigrated_database_names_the_command(
    run: Run, empty_dsn: str, command: tuple[str, ...]
) -> None:
    code, out, err = await run(*command, "--dsn", empty_dsn)
    assert (code, out) == (2, "")
    assert err == (
        "sguild-dispatcher: The database has no sguild_dispatcher schema: run `sguild-dispatcher migrate`.\n"
    )


@pytest.mark.parametrize("command", [*COMMANDS, ("migrate",)])
async def test_an_unreachable_database_is_one_sentence(
    run: Run, tmp_path: Path, command: tuple[str, ...]
) -> None:
    code, out, err = await run(*command, "--dsn", f"postgresql://ada:secret@/shop?host={tmp_path}")
    assert (code, out) == (2, "")
    assert err.startswith(f"sguild-dispatcher: The database at {tmp_path}/shop cannot be reached (")
    assert "check SGUILD_DISPATCHER_DSN or --dsn" in err
    assert "`python -m sguild_dispatcher.testing start` starts one" in err
    assert err.count("\n") == 1
    assert "secret" not in err


@pytest.mark.parametrize("command", [*COMMANDS, ("migrate",)])
async def test_a_missing_dsn_is_one_sentence(
    run: Run, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SGUILD_DISPATCHER_DSN", raising=False)
    code, _, err = await run(*command)
    assert code == 2
    assert err.startswith("sguild-dispatcher: No database is named: add --dsn, or set SGUILD_DISPATCHER_DSN")


@pytest.mark.parametrize(
    "dsn", ["shop", "mysql://ada:secret@db/shop", "postgresql://ada:secret@db:port/shop"]
)
async def test_a_dsn_that_is_none_is_one_sentence_without_the_secret(run: Run, dsn: str) -> None:
    code, _, err = await run("status", "--dsn", dsn)
    assert code == 2
    assert err == (
        "sguild-dispatcher: The DSN is no PostgreSQL connection string: "
        "write postgresql://USER@HOST:PORT/DATABASE.\n"
    )


async def test_a_database_that_does_not_exist_is_one_sentence(run: Run, dsn: str) -> None:
    from sguild_dispatcher.testing.postgres import database_dsn

    code, _, err = await run("status", "--dsn", database_dsn(dsn, "nowhere"))
    assert code == 2
    assert 'cannot be reached (database "nowhere" does not exist)' in err


async def test_a_refusal_of_the_database_is_one_sentence(run: Run, connection: Connection, dsn: str) -> None:
    role = f"guest_{PersonId.mint().uuid.hex}"
    await connection.execute(f"create role {role} login")
    code, _, err = await run("status", "--dsn", dsn.replace("postgres@", f"{role}@"))
    await connection.execute(f"drop role {role}")
    assert code == 2
    assert err == "sguild-dispatcher: The database refused: permission denied for schema sguild_dispatcher.\n"


@pytest.mark.usefixtures("configured")
async def test_a_crash_does_not_look_like_findings(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sguild_dispatcher.cli.status._look", lambda _: 1 / 0)
    code, _, err = await run("status")
    assert code == 3
    assert "ZeroDivisionError" in err


async def test_the_version_is_that_of_the_distribution(run: Run) -> None:
    from importlib.metadata import version

    assert await run("--version") == (0, f"sguild-dispatcher {version('sguild-dispatcher')}\n", "")


async def test_help_names_every_command(run: Run) -> None:
    code, out, _ = await run("--help")
    assert code == 0
    for command in ("migrate", "status", "subscribers", "dead-letters", "keys"):
        assert command in out


def test_the_command_starts_without_driver_and_models() -> None:
    program = "import sguild_dispatcher.cli, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert not {"asyncpg", "pydantic"} & set(loaded.stdout.split())


def test_the_module_is_the_command(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sguild_dispatcher.cli", "keys", "new", "sales", "--keyring"]
    done = subprocess.run(
        [*command, str(tmp_path / "keys.json")], check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


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
