"""How pytest comes to the plugin, what that costs, and what it says when the registry is not there."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from test_exports import imported_by

RUNTIME = Path(__file__).parents[2] / "runtime"
NAME = "sguild_dispatcher.testing.plugin"

A_TEST = """
def test_the_keyring_has_a_key_of_each_domain(dispatcher):
    assert {key.domain for key in dispatcher.keyring} == {"delivery", "operations", "revenue", "sales"}
"""


def test_a_run_that_does_not_use_it_imports_nothing_of_the_runtime() -> None:
    imported = imported_by(f"import {NAME}")
    own = {each for each in imported if each.startswith("sguild_dispatcher")}
    assert own == {"sguild_dispatcher", "sguild_dispatcher.testing", NAME}
    assert not imported & {"asyncpg", "pydantic", "asyncio"} - imported_by("import pytest")


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder in which pytest finds the entry points of the distribution."""
    entries = tomllib.loads((RUNTIME / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"]
    information = tmp_path / "plugin_under_test-1.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: plugin-under-test\nVersion: 1\n")
    lines = [f"{name} = {target}" for name, target in entries["pytest11"].items()]
    (information / "entry_points.txt").write_text("\n".join(["[pytest11]", *lines]) + "\n")
    (tmp_path / "test_one.py").write_text(A_TEST)
    return tmp_path


def _choose(folder: Path, registry: str) -> None:
    (folder / "pytest.ini").write_text(f"[pytest]\nsguild_dispatcher_registry = {registry}\n")


def _pytest(folder: Path, *options: str) -> str:
    paths = [folder, RUNTIME, Path(__file__).parent]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("options", [(), ("-p", NAME)], ids=["by entry point", "by name, too"])
def test_pytest_finds_the_plugin(installed: Path, options: tuple[str, ...]) -> None:
    (installed / "pytest.ini").write_text(
        "[pytest]\nsguild_dispatcher_registry = sample_contracts:registry\n"
    )
    assert "1 passed" in _pytest(installed, *options)


@pytest.mark.parametrize("name", ["nowhere:registry", "sample_contracts"])
def test_a_registry_that_is_not_there_is_named(installed: Path, name: str) -> None:
    _choose(installed, name)
    printed = _pytest(installed)
    assert f"sguild_dispatcher_registry is {name}, which cannot be imported" in printed
    assert "1 error" in printed
