"""docs/ci.md: its files are valid where they are to be copied to, and name what there is."""

import json
import re
import shlex
from importlib.resources import files
from typing import Any

import jsonschema_rs
import pytest
import yaml
from command_kit import ROOT, run

from sguild_codegen.cli.output import Format

GUIDE = (ROOT / "docs" / "ci.md").read_text("utf-8")
BLOCKS = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)]
WORKFLOW, JOB, CONFIGURATION = BLOCKS
COMMANDS = sorted({each.strip() for each in re.findall(r"sguild-codegen ([a-z][^`|>\n]*)", GUIDE)})


def _schema(name: str) -> Any:
    path = files("check_jsonschema") / "builtin_schemas" / "vendor" / name
    return json.loads(path.read_text("utf-8"))


@pytest.mark.parametrize(("name", "document"), [("github-workflows.json", WORKFLOW), ("gitlab-ci.json", JOB)])
def test_a_file_keeps_to_the_schema_of_its_service(name: str, document: Any) -> None:
    # "on" is a boolean to YAML 1.1, but not to the service.
    document = {"on" if key is True else key: value for key, value in document.items()}
    validator = jsonschema_rs.validator_for(_schema(name))
    assert [error.message for error in validator.iter_errors(document)] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_and_its_options_are_there(command: str) -> None:
    name, *arguments = shlex.split(command)
    help_ = run(name, "--help")
    assert help_.code == 0, help_.err
    options = [each for each in arguments if each.startswith("--")]
    assert [each for each in options if each not in help_.out] == []


def test_each_format_is_told_and_used_as_it_is_called() -> None:
    assert set(re.findall(r"^\| `(\w+)` \|", GUIDE, re.MULTILINE)) == set(Format)
    assert set(re.findall(r"--format (\w+)", GUIDE)) <= set(Format)


def test_hooks_of_the_configuration_are_there() -> None:
    offered = {each["id"] for each in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))}
    assert {hook["id"] for each in CONFIGURATION["repos"] for hook in each["hooks"]} == offered


def test_a_stranger_can_set_nothing_in_a_script() -> None:
    scripts = [step.get("run", "") for step in WORKFLOW["jobs"]["contracts"]["steps"]]
    assert not [each for each in scripts if "${{" in each]
