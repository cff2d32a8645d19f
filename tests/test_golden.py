"""Golden cases: a contract tree in, a whole output folder, both streams and an exit code out.

``pytest tests/test_golden.py --update-golden`` rewrites what is expected; read the diff.
"""

import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_type_hints

import pytest
from command_kit import ROOT, Result, run, snapshot
from golden_kit import CASES, PACKAGE_CASES, GoldenCase, install, module_names, stable

from sguild_codegen.record.record import RECORD


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the expected packages of all cases, as ``golden_<case>``."""
    folder = tmp_path_factory.mktemp("golden")
    for case in PACKAGE_CASES:
        assert case.package is not None
        install(case.package, f"golden_{case.name}", folder)
    return folder


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_golden(
    case: GoldenCase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config
) -> None:
    shutil.copytree(case.folder / "contracts", tmp_path / "contracts")
    if (case.folder / "before").exists():
        shutil.copytree(case.folder / "before", tmp_path / case.output)
    monkeypatch.chdir(tmp_path)

    result = run(*case.arguments)

    output = tmp_path / case.output
    if pytestconfig.getoption("--update-golden"):
        _update(case, result, output)
    assert (result.out, stable(result.err), f"{result.code}\n") == tuple(
        (case.folder / name).read_text("utf-8") for name in ("stdout", "stderr", "exit_code")
    )
    assert snapshot(output) == snapshot(case.folder / "expected")


def _update(case: GoldenCase, result: Result, output: Path) -> None:
    expected = case.folder / "expected"
    shutil.rmtree(expected, ignore_errors=True)
    if output.exists():
        shutil.copytree(output, expected, ignore=shutil.ignore_patterns(RECORD))
    (case.folder / "stdout").write_text(result.out, "utf-8")
    (case.folder / "stderr").write_text(stable(result.err), "utf-8")
    (case.folder / "exit_code").write_text(f"{result.code}\n", "utf-8")


@pytest.mark.parametrize("case", PACKAGE_CASES, ids=lambda case: case.name)
def test_golden_output_imports(case: GoldenCase, installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(installed))
    assert case.package is not None
    name = f"golden_{case.name}"
    for each in module_names(case.package, name):
        importlib.import_module(each)
    package = importlib.import_module(name)
    for exported in package.__all__:
        assert getattr(package, exported) is not None
    for event_type in package.registry.registry.event_types:
        for version in event_type.versions:
            if version.model is not None:
                assert get_type_hints(package.registry.payload_model(event_type.name, version.version))


def test_golden_output_is_typed(installed: Path) -> None:
    command = [sys.executable, "-m", "mypy", "--strict", "--python-version", "3.11"]
    command += ["--config-file", os.devnull, "--cache-dir", str(ROOT / ".mypy_cache" / "golden")]
    command += [argument for case in PACKAGE_CASES for argument in ("-p", f"golden_{case.name}")]
    environment = {**os.environ, "MYPYPATH": os.pathsep.join([str(installed), str(ROOT / "runtime")])}
    done = subprocess.run(
        command, env=environment, cwd=installed, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
