import json
import subprocess
import sys
from pathlib import Path

import pytest

from operation_kit import Run
from sample_contracts import PersonId
from sguild_dispatcher.database import Connection


async def test_migrate_says_what_it_did(run: Run, empty_dsn: str) -> None:
    assert await run("migrate", "--dsn", empty_dsn) == (
        0,
        ("applied 0001_event_log.sql\nThe schema has version 1.\n"),
        "",
    )
    assert await run("migrate", "--dsn", empty_dsn) == (0, "The schema has version 1 already.\n", "")
    code, out, _ = await run("migrate", "--dsn", empty_dsn, "--format", "json")
    assert (code, json.loads(out)) == (0, {"applied": [], "version": 1})


COMMANDS = [
    ("status",),
    ("subscribers", "list"),
    ("subscribers", "register", "sales/crm", "--from", "now"),
    ("subscribers", "pause", "sales/crm"),
    ("subscribers", "resume", "sales/crm"),
    ("subscribers", "retire", "sales/crm", "--yes"),
    ("subscribers", "partitions", "sales/crm", "4"),
    ("subscribers", "partitions", "sales/crm", "--cancel"),
    ("cursors", "show", "sales/crm"),
    ("cursors", "rewind", "sales/crm", "--to", "1", "--yes"),
    ("cursors", "skip", "sales/crm", "--to", "now", "--yes"),
    ("dead-letters", "list"),
    ("dead-letters", "groups"),
    ("dead-letters", "show", "1"),
    ("dead-letters", "replay", "--all", "--yes"),
    ("dead-letters", "replays"),
    ("dead-letters", "discard", "--all", "--yes"),
    ("dead-letters", "discard", "--erase", "--all", "--yes"),
    ("retention", "run"),
    ("retention", "run", "--dry-run"),
    ("audit", "list"),
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
@pytest.mark.usefixtures("configured")
async def test_a_database_of_a_newer_schema_is_refused(
    run: Run, connection: Connection, command: tuple[str, ...]
) -> None:
    await connection.execute(
        "insert into sguild_dispatcher.migration (version, name, checksum) values (99, '0099_later.sql', '')"
    )
    code, out, err = await run(*command)
    assert (code, out) == (2, "")
    assert err == (
        "sguild-dispatcher: The database has version 99 of the sguild_dispatcher schema and this runtime "
        "knows versions up to 1: install a newer sguild-dispatcher.\n"
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


@pytest.mark.parametrize("password", ["top/secret", "top?secret", "top#secret", "1/secret"])
async def test_a_password_that_is_not_encoded_is_not_shown(run: Run, password: str) -> None:
    code, out, err = await run("status", "--dsn", f"postgresql://ada:{password}@127.0.0.1:1/shop")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "secret" not in err
    assert "top" not in err


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
        "sguild-dispatcher: The DSN that was given, by --dsn or by the service itself, is no PostgreSQL "
        "connection string: write postgresql://USER@HOST:PORT/DATABASE.\n"
    )


async def test_a_wrong_dsn_is_named_by_its_setting(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SGUILD_DISPATCHER_DSN", "postgresql://ada:secret@db:port/shop")
    code, _, err = await run("status")
    assert (code, "secret" in err) == (2, False)
    assert err.startswith(
        "sguild-dispatcher: SGUILD_DISPATCHER_DSN is no PostgreSQL connection string: write"
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
    assert err == (
        "sguild-dispatcher: The database refused: permission denied for schema sguild_dispatcher. Connect "
        "as a member of dispatcher_operator, as the schema's owner, or as a superuser.\n"
    )


@pytest.mark.usefixtures("configured")
async def test_a_crash_does_not_look_like_findings(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sguild_dispatcher.status.load_status", lambda *_, **__: 1 / 0)
    code, _, err = await run("status")
    assert code == 3
    assert "ZeroDivisionError" in err


async def test_the_version_is_that_of_the_distribution(run: Run) -> None:
    from importlib.metadata import version

    assert await run("--version") == (0, f"sguild-dispatcher {version('sguild-dispatcher')}\n", "")


async def test_help_names_every_command(run: Run) -> None:
    code, out, _ = await run("--help")
    assert code == 0
    for command in (
        "migrate",
        "status",
        "subscribers",
        "cursors",
        "dead-letters",
        "retention",
        "audit",
        "keys",
    ):
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
