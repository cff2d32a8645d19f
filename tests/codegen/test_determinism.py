"""The same contracts give the same bytes, whatever the interpreter, the file system or the folder."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pytest
from command_kit import ROOT, run, snapshot
from golden_kit import PACKAGE_CASES

CONTRACTS = ROOT / "contracts"
HERE = "/".join(ROOT.parts[1:])
COMMAND = (
    sys.executable,
    "-c",
    "import sys; from sguild_codegen.cli import main; sys.exit(main())",
    "generate",
)


@cache
def committed() -> dict[str, bytes]:
    return {
        path: content
        for path, content in snapshot(ROOT / "generated").items()
        if "__pycache__" not in path and ".egg-info" not in path
    }


def generated(folder: Path, contracts: str | Path, **environment: str) -> dict[str, bytes]:
    """Run the command in a process of its own, in ``folder``."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("LC_", "LANG"))}
    command = [*COMMAND, "--contracts", str(contracts), "--output", "out"]
    done = subprocess.run(
        command, cwd=folder, env={**inherited, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return snapshot(folder / "out")


@pytest.fixture(scope="module")
def turkish(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a Turkish user, whose small letter for ``I`` is not ``i``."""
    folder = tmp_path_factory.mktemp("locales")
    environment = {"LC_ALL": "tr_TR.UTF-8", "LOCPATH": str(folder)}
    compiling = ["localedef", "-i", "tr_TR", "-f", "UTF-8", str(folder / "tr_TR.UTF-8")]
    asking = [sys.executable, "-c", "import locale; locale.setlocale(locale.LC_ALL, '')"]
    try:
        subprocess.run(compiling, capture_output=True, check=True)
        subprocess.run(asking, capture_output=True, check=True, env=environment)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("the locale tr_TR.UTF-8 cannot be compiled: its source (Debian: locales) is not here")
    return environment


@pytest.mark.parametrize("seed", ["0", "1", "4242"])
def test_any_hash_seed(seed: str, tmp_path: Path) -> None:
    assert generated(tmp_path, CONTRACTS, PYTHONHASHSEED=seed) == committed()


def test_no_locale(tmp_path: Path) -> None:
    # Without UTF-8 mode, text files would be opened in the encoding of the locale.
    assert generated(tmp_path, CONTRACTS, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0") == committed()


def test_a_turkish_locale(tmp_path: Path, turkish: dict[str, str]) -> None:
    assert generated(tmp_path, CONTRACTS, PYTHONUTF8="0", **turkish) == committed()


def test_text_beyond_ascii_in_any_locale(tmp_path: Path) -> None:
    case = next(case for case in PACKAGE_CASES if case.name == "texts")
    found = generated(
        tmp_path, case.folder / "contracts", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0"
    )
    assert found == snapshot(case.folder / "expected")


def test_any_order_of_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = os.scandir

    @contextlib.contextmanager
    def backwards(folder: str | Path) -> Iterator[Iterator[os.DirEntry[str]]]:
        with listed(folder) as found:
            yield iter(sorted(found, key=lambda entry: entry.name[::-1], reverse=True))

    monkeypatch.setattr(os, "scandir", backwards)
    assert run("generate", "--contracts", CONTRACTS, "--output", tmp_path / "out").code == 0
    monkeypatch.undo()
    assert snapshot(tmp_path / "out") == committed()


def test_any_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(CONTRACTS, tmp_path / "deep" / "er" / "contracts")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert run("generate", "--contracts", "../deep/er/contracts", "--output", "../out").code == 0
    assert snapshot(tmp_path / "out") == committed()


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    arguments = ("generate", "--contracts", CONTRACTS, "--output", tmp_path / "out")
    assert run(*arguments).code == 0
    again = run(*arguments)
    assert "0 written" in again.err
    assert run(*arguments, "--check").code == 0


def test_no_clock_version_or_path_in_the_output() -> None:
    tools = ("black", "jinja2", "datamodel-code-generator", "sguild-codegen")
    versions = {version(tool) for tool in tools}
    for path, content in committed().items():
        text = content.decode()
        assert HERE not in text, path
        assert not re.search(r"\d{4}-\d\d-\d\d[ T]\d\d:", text), path
        for each in versions:
            assert not re.search(rf"\b(version|by)\W+{re.escape(each)}\b", text), path
