"""What a start costs: help imports nothing heavy, a generated package only what is used of it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from command_kit import ROOT
from git_kit import ORDER, Contracts

HEAVY = {"pydantic", "jinja2", "black", "datamodel_code_generator", "jsonschema", "jsonschema_rs", "rich"}


def imported(script: str) -> set[str]:
    """Run a script in a new interpreter and return the modules that it imported, whatever it printed."""
    program = (
        f"import sys\nbefore = set(sys.modules)\n{script}\nfound = sorted(set(sys.modules) - before)\n"
        "import json\nprint(json.dumps(found))"
    )
    path = os.pathsep.join(str(ROOT / each) for each in ("codegen", "runtime", "generated"))
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_help_imports_nothing_heavy() -> None:
    modules = imported("from sguild_codegen.cli import main\nmain(['--help'])")
    assert "sguild_codegen.cli" in modules
    assert not modules & {*HEAVY, "hypothesis", "sguild_dispatcher"}


@pytest.mark.parametrize(("note", "witness"), [("words", False), ("property", True)])
def test_a_diff_imports_jsonschema_only_for_a_witness(note: str, witness: bool, tmp_path: Path) -> None:
    contracts = Contracts(tmp_path)
    change = {"description": "Words."} if note == "words" else {"minProperties": 2}
    contracts.edit(ORDER, lambda schema: schema.update(change))
    arguments = ["diff", "--against", "HEAD", "--contracts", str(contracts.folder)]
    modules = imported(f"from sguild_codegen.cli import main\nmain({arguments!r})")
    assert "sguild_codegen.compat.prover" in modules
    assert ("jsonschema" in modules) == witness
    assert not modules & {"black", "datamodel_code_generator", "jinja2", "sguild_dispatcher"}


def test_a_generated_package_imports_next_to_nothing() -> None:
    modules = imported("import sguild_contracts")
    ours = {each for each in modules if each.startswith("sguild")}
    assert ours == {"sguild_contracts", "sguild_dispatcher", "sguild_dispatcher.interface"}
    assert not modules & {*HEAVY, "typing", "re", "enum"}


def test_an_event_imports_its_own_module_and_no_other_event() -> None:
    modules = imported("from sguild_contracts import CreditLocked")
    events = {each for each in modules if each.startswith("sguild_contracts.")}
    assert events == {
        "sguild_contracts.events",
        "sguild_contracts.events.credit_locked",
        "sguild_contracts.ids",
    }
    assert not modules & {"asyncpg", "psycopg", "jsonschema_rs"}
