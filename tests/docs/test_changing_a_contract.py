"""docs/changing-a-contract.md, run block by block in a copy of the checkout, on a real database."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
from command_kit import ROOT, run

from sguild_dispatcher.testing.postgres import create_database, drop_database

# The guide's cutover lies in the future, on whatever day the tests are run.
_NEXT_YEAR: Final = str(datetime.now(UTC).year + 1)
GUIDE: Final = (ROOT / "docs/changing-a-contract.md").read_text("utf-8").replace("2027", _NEXT_YEAR)
_BLOCK: Final = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_END: Final = "end of block"
_LEFT_OUT: Final = "…"
_TYPED: Final = "typed"


@dataclass
class Step:
    """Commands of the guide, the files that it shows before them, and what it shows of their output."""

    commands: str
    files: dict[str, str]
    shown: str = ""

    def __str__(self) -> str:
        return self.commands.strip().splitlines()[-1][:50]


def _steps() -> Iterator[Step]:
    files: dict[str, str] = {}
    step = None
    for language, block in _BLOCK.findall(GUIDE):
        if language == "bash":
            step = Step(block, files)
            files = {}
            yield step
        elif language == "text":
            assert step is not None
            step.shown = block
        else:
            name, _, text = block.partition("\n")
            files[name.removeprefix("# ")] = text


STEPS: Final = list(_steps())
MENTIONED: Final = re.findall(r"`sguild-codegen ([^`]+)`", _BLOCK.sub("", GUIDE))


def _script(folder: Path) -> str:
    """Return the guide as one script; each file is put in its place right before the commands that use it."""
    lines = ["set -euo pipefail"]
    for number, step in enumerate(STEPS):
        for name, text in step.files.items():
            kept = folder.with_name(f"{number} {name.replace('/', ' ')}")
            kept.write_text(text, "utf-8")
            lines.append(f"cp '{kept}' {name}")
        lines += [step.commands, f"echo '{_END}'"]
        if "reminders.py" in step.files:
            lines.append(f"cp -r . '{folder.with_name(_TYPED)}'")
    return "\n".join(lines)


def _environment(folder: Path, dsn: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SGUILD_", "GIT_"))}
    return kept | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join([str(folder / "generated"), *sys.path[1:]]),
        "SGUILD_DISPATCHER_DSN": dsn,
        "SGUILD_DISPATCHER_KEYRING": str(folder.with_name("keyring.json")),
        "SGUILD_DISPATCHER_TENANT_ID": "sguild-berlin",
        "GIT_CONFIG_GLOBAL": os.devnull,
        **{
            f"GIT_{who}_{what}": "a@b.example"
            for who in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        },
    }


def _checkout(folder: Path, environment: dict[str, str]) -> None:
    """Make a repository of all that the guide touches."""
    folder.mkdir()
    for name in ("contracts", "generated"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".sguild*"))
    for name in ("CHANGELOG.md", "pyproject.toml", ".gitignore"):
        shutil.copy(ROOT / name, folder)
    for command in ("init --quiet --initial-branch main", "add --all", "commit --quiet --message Before"):
        subprocess.run(["git", *command.split()], cwd=folder, env=environment, check=True)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the guide's checkout lies, and what is kept of it."""
    return tmp_path_factory.mktemp("guide")


@pytest.fixture(scope="module")
def transcript(postgres: str, template: str, place: Path) -> Iterator[list[str]]:
    """What the commands of each step print, in one shell."""
    folder = place / "checkout"
    dsn = asyncio.run(create_database(postgres, template=template))
    environment = _environment(folder, dsn)
    _checkout(folder, environment)
    done = subprocess.run(
        ["bash", "-c", _script(folder)],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    status = ["git", "status", "--porcelain"]
    left = subprocess.run(status, cwd=folder, env=environment, capture_output=True, check=True)
    assert left.stdout == b"", "the guide tidies up"
    yield done.stdout.split(f"{_END}\n")
    asyncio.run(drop_database(dsn))


def _pattern(shown: str) -> str:
    """Return a pattern of what is shown: a line of its own that leaves out is any lines, else any text."""
    lines = (re.escape(line).replace(re.escape(_LEFT_OUT), ".*") + "\n" for line in shown.splitlines())
    return "".join(r"(?:.*\n)*?" if line == ".*\n" else line for line in lines)


@pytest.mark.parametrize("number", [number for number, step in enumerate(STEPS) if step.shown])
def test_what_is_shown_is_printed(transcript: list[str], number: int) -> None:
    shown = STEPS[number].shown
    assert re.fullmatch(_pattern(shown), transcript[number]), transcript[number]


@pytest.mark.parametrize("arguments", MENTIONED)
def test_a_command_that_is_mentioned_works(arguments: str) -> None:
    assert run(*arguments.split()).code == 0


def test_commands_are_mentioned() -> None:
    assert MENTIONED == ["explain SG112"]


def _type_errors(folder: Path, package: str, *names: str) -> list[str]:
    """Return the errors of examples that are checked with one of both packages."""
    arguments = ["--strict", "--config-file=", "--follow-imports=silent", "--cache-dir=cache", *names]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *arguments],
        cwd=folder,
        env={**os.environ, "MYPYPATH": os.pathsep.join([package, str(ROOT / "runtime")])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return [line for line in done.stdout.splitlines() if ": error: " in line]


@pytest.mark.usefixtures("transcript")
def test_the_examples_are_typed(place: Path) -> None:
    folder = place / _TYPED
    assert _type_errors(folder, "generated", "payments.py", "reminders.py") == []
    assert _type_errors(folder / "before", ".", "reminders.py") == []


@pytest.mark.usefixtures("transcript")
def test_an_open_enum_has_one_more_case(place: Path) -> None:
    folder = place / _TYPED / "before"
    text = (folder / "reminders.py").read_text("utf-8")
    careless = re.sub(r"        case Unrecognised\(\):\n.*\n", "", text)
    assert careless != text
    (folder / "careless.py").write_text(careless, "utf-8")
    [error] = _type_errors(folder, ".", "careless.py")
    assert '"Unrecognised"; expected "Never"' in error
