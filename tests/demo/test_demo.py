"""The story of ``make demo``, run as a person would."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import pytest

from sguild_contracts.registry import registry

ROOT: Final = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A temporary folder of its own, which the user that the server runs as can reach."""
    folder = tmp_path_factory.mktemp("demo")
    for each in (folder, *folder.parents):
        if each != Path(tempfile.gettempdir()) and each.is_relative_to(tempfile.gettempdir()):
            each.chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def story(temporary: Path) -> subprocess.CompletedProcess[str]:
    """Play the story in a terminal of 40 columns, with nothing of ours in the environment but a server."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("SGUILD_") or name == "SGUILD_DISPATCHER_TEST_DSN"
    }
    return subprocess.run(
        [sys.executable, "-m", "demo"],
        cwd=ROOT,
        env={**environment, "COLUMNS": "40", "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_it_ends_well(story: subprocess.CompletedProcess[str]) -> None:
    assert story.returncode == 0, story.stderr
    assert story.stderr == ""


def test_event_types_are_told_in_full_at_any_width(story: subprocess.CompletedProcess[str]) -> None:
    told = set(re.findall(r"\b[a-z]+\.[a-z]+\b", story.stdout))
    assert told == {"credit.reserved", "reservation.funded", "credit.locked", "customer.handoff"}
    assert all(each in registry for each in told)


@pytest.mark.parametrize(
    "line",
    [
        r"coaching +receives +credit\.locked",
        r"Rolled back, and the event with it",
        r"delivery +refuses +credit\.reserved: tampered, so it is a dead letter \(bad_signature\)",
        r"coaching +fails +credit\.reserved: attempt 3",
        r"dead letter \d+: credit\.reserved for coaching/coach-calendar, after 3 attempts",
        r"replay: 1 dead letter goes back to coaching/coach-calendar",
        r"customer\.handoff +1 +1 +1 +0",
        r"credit\.locked +3 +3 +3 +3",
    ],
)
def test_it_tells_what_happened(story: subprocess.CompletedProcess[str], line: str) -> None:
    assert re.search(line, story.stdout), story.stdout


def test_the_server_that_it_started_is_gone(story: subprocess.CompletedProcess[str], temporary: Path) -> None:
    assert re.search(r"The story's (server is stopped|database is dropped)\.\n$", story.stdout)
    assert not list(temporary.glob("sguild-*"))
    if shutil.which("ps") is None:
        pytest.skip("ps is not installed: which programs run cannot be told")
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert f"-D {temporary}" not in running
