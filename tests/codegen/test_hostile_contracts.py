"""The hostile corpus beside the repository, through the command; its README explains the expectations."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from command_kit import MINIMAL, ROOT, Result, run

CORPUS = ROOT.parent / "shared" / "hostile-contracts"
PAYLOAD = "hostile/schema/payloads/thing.happened-v1.json"
IMPORT_ALL = (
    "import importlib, os, sys\n"
    "for name in sys.argv[1:]: importlib.import_module(name)\n"
    "assert 'PWNED' not in os.environ\n"
)


@dataclass(frozen=True)
class Case:
    path: str
    expect: str


def _cases() -> list[Case]:
    if not CORPUS.is_dir():
        return []
    listed = json.loads((CORPUS / "expectations.json").read_text("utf-8"))["cases"]
    return [Case(each["path"], each["expect"]) for each in listed]


def _tree(case: Case, contracts: Path) -> None:
    source = CORPUS / case.path
    if source.is_dir():
        shutil.copytree(source, contracts)
    else:
        (contracts / PAYLOAD).parent.mkdir(parents=True)
        shutil.copyfile(source, contracts / PAYLOAD)
        registry = CORPUS / "071-orphan-schema-file" / "event-types-registry.json"
        shutil.copyfile(registry, contracts / registry.name)
    shutil.copytree(MINIMAL / "event-envelope", contracts / "event-envelope", dirs_exist_ok=True)


def _name_places(contracts: Path) -> None:
    """Give each file of a tree its own ``$id``: the corpus repeats one, which is not the breach meant."""
    for path in contracts.glob("hostile/schema/payloads/*.json"):
        path.write_text(path.read_text("utf-8").replace("thing.happened-v1.json", path.name), "utf-8")


def _is_safe(result: Result) -> bool:
    lines = (result.out + result.err).split("\n")
    return all(line.isprintable() and not line.startswith("::") for line in lines)


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus ../shared/hostile-contracts is not here")
@pytest.mark.parametrize("case", _cases(), ids=lambda case: case.path)
def test_hostile_contract(case: Case, tmp_path: Path) -> None:
    contracts, output = tmp_path / "contracts", tmp_path / "generated"
    _tree(case, contracts)
    if case.expect == "harmless":
        _name_places(contracts)

    result = run("generate", "--contracts", contracts, "--output", output)

    assert "Traceback" not in result.err
    assert _is_safe(result)
    if case.expect == "harmless":
        assert result.code == 0, result.out
    if case.expect == "refuse":
        assert result.code in (1, 2)
    if result.code:
        assert not output.exists()
        assert " error: " in result.out
    else:
        _import_all(output)


def _import_all(output: Path) -> None:
    names = [
        ".".join(path.relative_to(output).with_suffix("").parts).removesuffix(".__init__")
        for path in output.rglob("*.py")
    ]
    paths = os.pathsep.join([str(output), str(ROOT / "runtime")])
    command = [sys.executable, "-c", IMPORT_ALL, *names]
    done = subprocess.run(command, env={"PYTHONPATH": paths}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
