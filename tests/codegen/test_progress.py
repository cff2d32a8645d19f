"""The bar: on a terminal, in a long run, and gone at its end."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from command_kit import minimal_tree

# The run takes no second; the bar is told to come at once.
PROGRAM = """
import sys
from sguild_codegen.cli import main, progress
progress.Bar.__init__.__defaults__ = ({after}, *progress.Bar.__init__.__defaults__[1:])
sys.exit(main(sys.argv[1:]))
"""
CLEARED = "\r\x1b[K"


def in_terminal(folder: Path, *arguments: str, after: float = 0.0, term: str = "xterm") -> tuple[str, str]:
    """Run the command with stderr on a terminal; return what stands in stdout and on the terminal."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", PROGRAM.format(after=after), "generate", *arguments]
    environment = {**os.environ, "TERM": term}
    done = subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=theirs, check=False
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            shown += os.read(ours, 65_536)
        except OSError:  # the other end is closed, and nothing is left
            break
    os.close(ours)
    return done.stdout.decode(), shown.decode().replace("\r\n", "\n")


def test_a_long_run_shows_a_bar_and_clears_it(tmp_path: Path) -> None:
    minimal_tree(tmp_path)
    out, shown = in_terminal(tmp_path)
    bar, cleared, summary = shown.rpartition(CLEARED)
    assert out == ""
    assert bar.startswith("\r[")
    assert " %" in bar or "%" in bar
    assert cleared
    assert re.match(r"\d+ written, 0 unchanged, 0 removed in ", summary)
    assert summary.endswith(" s.\n")


def test_the_bar_is_cleared_before_findings(tmp_path: Path) -> None:
    contracts = minimal_tree(tmp_path)
    (contracts / "shop/schema/payloads/order.placed-v1.json").unlink()
    _, shown = in_terminal(tmp_path)
    assert shown == "" or shown.endswith(CLEARED)


@pytest.mark.parametrize(("after", "term"), [(60.0, "xterm"), (0.0, "dumb")])
def test_no_bar_in_a_short_run_or_on_a_dumb_terminal(after: float, term: str, tmp_path: Path) -> None:
    minimal_tree(tmp_path)
    _, shown = in_terminal(tmp_path, after=after, term=term)
    assert re.match(r"\d+ written", shown)


def test_no_bar_where_stderr_is_no_terminal(tmp_path: Path) -> None:
    minimal_tree(tmp_path)
    command = [sys.executable, "-c", PROGRAM.format(after=0.0), "generate"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert re.match(r"\d+ written", done.stderr)
