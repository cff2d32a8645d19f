"""What mypy --strict and pyright strict say about code that uses the generated package.

The scripts in ``cases`` are read as a user's would be: in a folder of their own, with no configuration of
this repository. A line that must be refused names the rules by which, as ``# error: arg-type,
reportArgumentType``; a rule of pyright begins with ``report``. No other line may have an error.
"""

import json
import re
import runpy
import shutil
import subprocess
import sys
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from sguild_contracts import PersonId

CASES = Path(__file__).with_name("cases")
BIN = Path(sys.executable).parent
MARK = re.compile(r"# error: ([\w-]+(?:, [\w-]+)*)$")

# The rules that a file and line breaks, or has to break.
Rules: TypeAlias = dict[tuple[str, int], set[str]]


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cases, in a folder outside of the repository."""
    folder = tmp_path_factory.mktemp("user") / "scripts"
    shutil.copytree(CASES, folder)
    return folder


def _marked(*, pyright: bool) -> Rules:
    marked: Rules = {}
    for path in CASES.glob("*.py"):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
            match = MARK.search(line)
            rules = match[1].split(", ") if match else []
            wanted = {each for each in rules if each.startswith("report") == pyright}
            if wanted:
                marked[path.name, number] = wanted
    return marked


def _run(folder: Path, *command: str | Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


def _mypy(folder: Path) -> Rules:
    options = ["--strict", "--output=json", "--config-file="]
    out = _run(folder, BIN / "mypy", *options, f"--cache-dir={folder.parent / 'cache'}", ".")
    found: Rules = defaultdict(set)
    for each in map(json.loads, out.splitlines()):
        if each["severity"] == "error":
            found[each["file"], each["line"]].add(each["code"])
    return found


def _pyright(folder: Path) -> Rules:
    (folder / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}', "utf-8")
    out = _run(folder, BIN / "pyright", "--outputjson", "--pythonpath", sys.executable)
    diagnostics: list[dict[str, Any]] = json.loads(out)["generalDiagnostics"]
    found: Rules = defaultdict(set)
    for each in diagnostics:
        line = each["range"]["start"]["line"] + 1
        found[Path(each["file"]).name, line].add(each.get("rule", "syntax"))
    return found


def _assert_agrees(found: Rules, marked: Rules) -> None:
    assert sorted(found.keys() - marked.keys()) == [], "refused, and not marked"
    assert sorted(marked.keys() - found.keys()) == [], "marked, and not refused"
    assert {place: marked[place] - rules for place, rules in found.items() if marked[place] - rules} == {}


def test_mypy_refuses_every_misuse_and_nothing_else(scripts: Path) -> None:
    _assert_agrees(_mypy(scripts), _marked(pyright=False))


def test_pyright_refuses_every_misuse_and_nothing_else(scripts: Path) -> None:
    _assert_agrees(_pyright(scripts), _marked(pyright=True))


def test_there_are_right_scripts_and_wrong_ones() -> None:
    marked = {name for name, _ in _marked(pyright=False)}
    assert marked == {path.name for path in CASES.glob("wrong_*.py")}
    assert {path.name for path in CASES.glob("*.py")} - marked == {
        path.name for path in CASES.glob("right_*.py")
    }


@pytest.mark.parametrize("script", ["publishing", "subscribing", "payloads", "testing"])
def test_a_right_script_can_be_imported(script: str) -> None:
    assert runpy.run_path(str(CASES / f"right_{script}.py"))


def test_what_a_right_script_says_about_absent_fields_holds() -> None:
    script = runpy.run_path(str(CASES / "right_payloads.py"))
    now = datetime.now(UTC)
    alone = script["created"](now, None)
    owned = script["created"](now, PersonId.mint())
    assert script["owner_of"](alone) == alone.person_id
    assert script["owner_of"](owned) == owned.owner_id != owned.person_id
