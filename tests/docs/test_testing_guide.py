"""The examples of docs/testing.md are test files that pass, and its commands work."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from command_kit import ROOT, run

GUIDE = (ROOT / "docs" / "testing.md").read_text("utf-8")
EXAMPLES = re.findall(r"```python\n# (\w+\.py)\n(.*?)```", GUIDE, re.DOTALL)
NAMES = [name for name, _ in EXAMPLES]
COMMANDS = [
    re.split(r"\s*[>|#]", line.strip())[0].split()[1:]
    for line in GUIDE.splitlines()
    if line.startswith("    sguild-codegen ")
]


@pytest.mark.parametrize(("name", "text"), EXAMPLES, ids=NAMES)
def test_an_example_passes(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    plugin = ["-p", "sguild_dispatcher.testing.plugin", "-o", "asyncio_mode=auto"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *plugin, name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"{text.count('def test_')} passed" in done.stdout, done.stdout


@pytest.mark.parametrize(("name", "text"), EXAMPLES, ids=NAMES)
def test_an_example_is_typed(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir=cache", name]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_there_are_examples() -> None:
    assert NAMES == ["test_close_lead.py", "test_unknown_values.py", "test_sales_crm.py", "test_reasons.py"]


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_command_of_the_guide_works(arguments: list[str]) -> None:
    result = run(*arguments, "--contracts", ROOT / "contracts")
    assert (result.code, bool(result.out)) == (0, True)


def test_there_are_commands() -> None:
    assert len(COMMANDS) == 4
