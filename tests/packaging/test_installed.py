"""The distributions in empty environments, used from outside of the repository."""

import shutil
import sys
from pathlib import Path

import pytest

from sguild_codegen.record.record import RECORD
from wheel_kit import REPOSITORY, Installed, project

# What a service in production must not get; jsonschema is the one in Python.
DEVELOPMENT_ONLY = {
    *("black", "click", "datamodel-code-generator", "genson", "hypothesis", "inflect", "isort", "jinja2"),
    *("jsonschema", "mypy", "pytest", "rich", "sguild-codegen", "typer"),
}

USES_THE_CONTRACTS = """
import sguild_contracts
from sguild_contracts import CreditReleasedV2, LeadCreated, LeadId, PersonId, registry

for name in sguild_contracts.__all__:
    getattr(sguild_contracts, name)
lead = LeadCreated(
    lead_id=LeadId.mint(),
    person_id=PersonId.mint(),
    source="phone",
    stage="new",
    created_at="2026-05-01T10:00:00Z",
)
assert LeadCreated.model_validate_json(lead.model_dump_json()) == lead
assert registry.registry.payload_model("credit.released", 2) is CreditReleasedV2
print(sguild_contracts.__file__, sguild_contracts.__version__)
"""


def _files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.name != RECORD
    }


def _assert_works(environment: Installed) -> None:
    file, version = environment.python(USES_THE_CONTRACTS).split()
    assert Path(file).is_relative_to(environment.folder)
    assert version == project("sguild_contracts")["version"]


def test_the_command_tells_its_version(workshop: Installed, tmp_path: Path) -> None:
    done = workshop.run("sguild-codegen", "--version", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        f"sguild-codegen {project('sguild_codegen')['version']}\n",
        "",
    )


def test_the_command_generates_the_committed_package_in_another_folder(
    workshop: Installed, tmp_path: Path
) -> None:
    shutil.copytree(REPOSITORY / "contracts", tmp_path / "contracts")
    done = workshop.run("sguild-codegen", "generate", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert _files(tmp_path / "generated") == _files(REPOSITORY / "generated")
    assert workshop.run("sguild-codegen", "generate", "--check", cwd=tmp_path).returncode == 0


def test_the_registry_schema_comes_with_the_tool(workshop: Installed) -> None:
    shown = workshop.python(
        "import json, importlib.resources as r;"
        "f = r.files('sguild_codegen') / 'schemas' / 'event-types-registry.schema.json';"
        "print(json.loads(f.read_text('utf-8'))['$schema'])"
    )
    assert shown.strip() == "https://json-schema.org/draft/2020-12/schema"


def test_the_contracts_work_beside_the_tool(workshop: Installed) -> None:
    _assert_works(workshop)


def test_the_contracts_work_in_production(production: Installed) -> None:
    _assert_works(production)


def test_production_gets_nothing_of_development(production: Installed) -> None:
    packages = production.packages()
    assert packages >= {"sguild-contracts", "sguild-dispatcher", "pydantic", "asyncpg"}
    assert packages & DEVELOPMENT_ONLY == set()


def test_factories_work_in_production_and_strategies_say_what_they_need(production: Installed) -> None:
    shown = production.python(
        "from sguild_contracts.testing import make_credit_locked, make_event, payloads\n"
        "print(make_event(make_credit_locked()).producer)\n"
        "try:\n    payloads('credit.locked')\n"
        "except ImportError as error:\n    print(error, error.__cause__)\n"
    )
    assert shown == (
        'revenue\nStrategies need Hypothesis: pip install "sguild-contracts[testing]". '
        "Factories do not. None\n"
    )


def test_the_tool_draws_samples_without_hypothesis(workshop: Installed) -> None:
    assert "hypothesis" not in workshop.packages()
    contracts = REPOSITORY / "contracts"
    done = workshop.run(
        "sguild-codegen", "sample", "credit.locked", "--contracts", contracts, cwd=workshop.folder
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", ["migrate", "status", "subscribers", "dead-letters", "keys"])
def test_the_runtime_command_helps_in_production(production: Installed, tmp_path: Path, command: str) -> None:
    overview = production.run("sguild-dispatcher", "--help", cwd=tmp_path)
    assert (overview.returncode, overview.stderr) == (0, "")
    assert command in overview.stdout
    one = production.run("sguild-dispatcher", command, "--help", cwd=tmp_path)
    assert (one.returncode, one.stderr) == (0, "")


def test_an_environment_is_not_this_one(production: Installed) -> None:
    prefix = production.python("import sys; print(sys.prefix)").strip()
    assert Path(prefix) == production.folder
    assert Path(prefix) != Path(sys.prefix)
