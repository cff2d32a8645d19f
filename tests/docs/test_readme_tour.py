"""The README's tour, run block by block in a copy of the checkout."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
_BLOCK: Final = re.compile(r"^```(bash|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ALREADY_DONE: Final = ("make setup", "source .venv/bin/activate")
_MARK: Final = "end of block"


def tour_blocks() -> list[tuple[str, str]]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    tour = text.partition("## Five-minute tour")[2].partition("\n## ")[0]
    return _BLOCK.findall(tour)


@pytest.fixture(scope="module")
def transcript(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Run the tour in one shell, as a reader would, and return what each bash block printed."""
    folder = tmp_path_factory.mktemp("tour")
    for name in ("contracts", "generated"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    script = ["set -euo pipefail", "trap 'python -m sguild_dispatcher.testing stop --name tour' EXIT"]
    for language, block in tour_blocks():
        if language == "python":
            (folder / block.split("\n", 1)[0].removeprefix("# ")).write_text(block, encoding="utf-8")
            continue
        lines = [line for line in block.splitlines() if line not in _ALREADY_DONE]
        script += [*lines, f"echo '{_MARK}'"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SGUILD_")}
    # The tour's server has a fixed name in the temporary folder, and other runs may tour at the same time.
    temporary = Path(tempfile.mkdtemp(prefix="tour-"))
    environment["TMPDIR"] = str(temporary)
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(
        ["bash", "-c", "\n".join(script)],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=180,
        check=False,
    )
    shutil.rmtree(temporary)
    assert done.returncode == 0, done.stdout
    assert not list(folder.glob("tour*")), "the tour tidies up"
    return done.stdout.split(f"{_MARK}\n")


def test_the_committed_code_is_up_to_date(transcript: list[str]) -> None:
    assert "0 missing, 0 stale, 0 foreign" in transcript[0]


def test_a_new_field_shows_in_the_diff_and_makes_the_code_stale(transcript: list[str]) -> None:
    assert "+    estimated_credits: EstimatedCredits | MISSING = MISSING" in transcript[1]
    assert "exit code 1: the committed code is stale" in transcript[1]


def test_a_mistake_is_named_with_its_place_and_the_way_out(transcript: list[str]) -> None:
    assert "lead.stage.changed-v1.json:" in transcript[2]
    assert 'Did you mean "maxLength"?' in transcript[2]
    assert "exit code 1" in transcript[2]


def test_the_event_is_published_and_received(transcript: list[str]) -> None:
    assert re.search(r"published evt_[0-9a-f-]{36}", transcript[4])
    assert "credit.locked: 2 credits of PersonId" in transcript[5]
    assert "delivered=1" in transcript[5]


def test_the_failed_event_is_listed_and_replayed(transcript: list[str]) -> None:
    assert "dead=1" in transcript[6]
    assert "handler_failed" in transcript[6]
    assert transcript[6].count("credit.locked: 2 credits of PersonId") == 1
