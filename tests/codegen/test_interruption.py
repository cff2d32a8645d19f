"""A run that is killed at any point leaves every file old or new as a whole; the next run completes it."""

import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command_kit import MINIMAL, run, snapshot
from tree_edits import ENVELOPE, SOUND, write_touching_tree

# The process kills itself right before it changes the file system for the n-th time.
KILLED_AT = """
import io, os, signal, sys
from sguild_codegen.cli import main
left = int(sys.argv.pop(1))
CHANGES = {"write", "os.rename", "os.remove", "os.mkdir", "os.rmdir"}
def hook(event, arguments):
    global left
    writes = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & {"w", "x", "a"}
    if writes or event in CHANGES:
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
def profile(frame, event, function):
    # A file that is open is empty before it is written.
    if event == "c_call" and function.__name__ == "write":
        if isinstance(function.__self__, io.BufferedWriter):
            hook("write", ())
sys.dont_write_bytecode = True
import sguild_codegen.cli.runs, sguild_codegen.emit.package, sguild_codegen.reader.tree
sys.addaudithook(hook)
sys.setprofile(profile)
sys.exit(main(sys.argv[1:]))
"""
ENOUGH = 200


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Contracts, the output of other contracts (``old``), and the output that they give (``new``)."""
    folder = tmp_path_factory.mktemp("interrupted")
    contracts = folder / "contracts"
    write_touching_tree(contracts, MINIMAL / ENVELOPE)
    for name in ("an event type", "a closed object"):
        SOUND[name](contracts)
    assert run("generate", "--contracts", contracts, "--output", folder / "old").code == 0
    shutil.rmtree(contracts)
    write_touching_tree(contracts, MINIMAL / ENVELOPE)
    for name in ("a bound", "a description", "one less", "a domain", "a version of the registry"):
        SOUND[name](contracts)
    assert run("generate", "--contracts", contracts, "--output", folder / "new").code == 0
    return folder


def arguments(stories: Path, output: Path) -> list[str]:
    return ["generate", "--contracts", str(stories / "contracts"), "--output", str(output)]


def assert_sound(stories: Path, output: Path) -> None:
    """Each file is the old or the new one, what is left over is no foreign file, and a run completes it."""
    old, new = snapshot(stories / "old"), snapshot(stories / "new")
    for path, content in snapshot(output).items():
        if not path.endswith(".sguild-codegen-new"):
            assert content in (old.get(path), new.get(path)), path
    assert old.keys() & new.keys() <= snapshot(output).keys()
    checked = run(*arguments(stories, output), "--check")
    assert "SG072" not in checked.out
    assert run(*arguments(stories, output)).code == 0
    assert snapshot(output) == new
    assert run(*arguments(stories, output), "--check", "--trust-record").code == 0


def killed_at(point: int, stories: Path, output: Path) -> bool:
    """Run until the process changes files for the ``point``-th time; tell whether it came so far."""
    shutil.copytree(stories / "old", output)
    command = [sys.executable, "-c", KILLED_AT, str(point), *arguments(stories, output)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode != 0


@pytest.mark.parametrize("point", [1, 8, 24, 30, 45])
def test_killed_before_a_change(point: int, stories: Path, tmp_path: Path) -> None:
    killed_at(point, stories, tmp_path / "out")
    assert_sound(stories, tmp_path / "out")


@pytest.mark.proof
def test_killed_before_any_change(stories: Path, tmp_path: Path) -> None:
    points = 0
    while killed_at(points, stories, tmp_path / f"out{points}"):
        assert_sound(stories, tmp_path / f"out{points}")
        points += 1
    assert 20 < points < ENOUGH


@pytest.mark.proof
def test_killed_at_any_time(stories: Path, tmp_path: Path) -> None:
    chance = random.Random(4242)  # noqa: S311 - not for secrets
    command = [
        sys.executable,
        "-c",
        "import sys; from sguild_codegen.cli import main; sys.exit(main(sys.argv[1:]))",
    ]
    for number in range(60):
        output = tmp_path / f"out{number}"
        shutil.copytree(stories / "old", output)
        process = subprocess.Popen(
            [*command, *arguments(stories, output)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(chance.uniform(0.1, 1.5))
        process.kill()
        process.wait()
        assert_sound(stories, output)
