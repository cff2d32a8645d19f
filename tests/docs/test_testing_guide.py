"""The example of docs/testing.md is a test file that passes, and its commands work."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from command_kit import ROOT, run

GUIDE = (ROOT / "docs" / "testing.md").read_text("utf-8")
(EXAMPLE,) = re.findall(r"```python\n# (\w+\.py)\n(.*?)```", GUIDE, re.DOTALL)
COMMANDS = [
    re.split(r"\s*[>|#]", line.strip())[0].split()[1:]
    for line in GUIDE.splitlines()
    if line.startswith("    sguild-codegen ")
]


def test_the_example_passes(tmp_path: Path) -> None:
    name, text = EXAMPLE
    (tmp_path / name).write_text(text, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "3 passed" in done.stdout, done.stdout


def test_the_example_is_typed(tmp_path: Path) -> None:
    name, text = EXAMPLE
    (tmp_path / name).write_text(text, "utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir=cache", name]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_command_of_the_guide_works(arguments: list[str]) -> None:
    result = run(*arguments, "--contracts", ROOT / "contracts")
    assert (result.code, bool(result.out)) == (0, True)


def test_there_are_commands() -> None:
    assert len(COMMANDS) == 4
