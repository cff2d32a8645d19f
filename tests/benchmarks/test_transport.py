"""`make bench` in small: every row is measured, by whatever peers there are."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "transport.py"
PEERS = ("nats", "pgqueuer", "procrastinate")
MISSING = [each for each in PEERS if find_spec(each) is None]


def _run(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPT, *options], capture_output=True, text=True, timeout=300, check=False
    )


@pytest.mark.skipif(bool(MISSING), reason=f"the group bench is not installed: {', '.join(MISSING)}")
def test_a_quick_run_measures_every_row_and_writes_no_page() -> None:
    page = SCRIPT.parents[1] / "docs" / "benchmarks.md"
    before = page.read_bytes()

    run = _run("--quick")

    assert run.returncode == 0, run.stderr
    table, _, figures = run.stdout.partition("{\n")
    rows = json.loads("{" + figures)["rows"]
    assert len(rows) == len(table.strip().splitlines()) - 2 == 13
    assert all(len(each["ratios"]) == 1 and each["ratios"][0] > 0 for each in rows)
    assert sum(each["ratios_with_roles"] is not None for each in rows) == 10
    assert page.read_bytes() == before


@pytest.mark.skipif(not MISSING, reason="all peers are installed")
def test_a_run_without_the_peers_says_how_to_install_them() -> None:
    run = _run("--quick")

    assert run.returncode == 2
    assert "make bench" in run.stderr
    assert "Traceback" not in run.stderr
