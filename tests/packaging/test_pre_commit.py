"""The hooks for pre-commit: what they call is there, and they work in another repository."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from wheel_kit import REPOSITORY

HOOKS: Final[list[dict[str, Any]]] = yaml.safe_load(
    (REPOSITORY / ".pre-commit-hooks.yaml").read_text("utf-8")
)
_SCHEMA: Final = "contracts/lead-lifecycle/schema/payloads/lead.stage.changed-v1.json"


def _run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )


def _git(*arguments: str, cwd: Path) -> None:
    who = ("-c", "user.name=Author", "-c", "user.email=author@example.com")
    subprocess.run(["git", *who, *arguments], cwd=cwd, check=True, capture_output=True)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with the contracts, the code that was generated from them, and the configuration."""
    for name in ("contracts", "generated"):
        shutil.copytree(REPOSITORY / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)  # what lint is to leave alone, and why
    _git("init", "--quiet", "--initial-branch", "main", cwd=tmp_path)
    _git("add", ".", cwd=tmp_path)
    _git("commit", "--quiet", "--message", "Contracts", cwd=tmp_path)
    # What a clone has, and `diff` compares with.
    _git("update-ref", "refs/remotes/origin/main", "HEAD", cwd=tmp_path)
    return tmp_path


def _try(project: Path) -> subprocess.CompletedProcess[str]:
    if not (REPOSITORY / ".git").exists():
        pytest.skip("pre-commit clones the repository, and this is a copy without its history")
    done = _run("pre_commit", "try-repo", REPOSITORY, "--all-files", "--verbose", cwd=project)
    if "No matching distribution found" in done.stdout:
        pytest.skip("pip reaches no package index here, so pre-commit cannot install the tool")
    return done


def test_the_hooks_are_valid() -> None:
    done = _run("pre_commit", "validate-manifest", ".pre-commit-hooks.yaml", cwd=REPOSITORY)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("hook", HOOKS, ids=lambda each: each["id"])
def test_what_a_hook_calls_is_there(hook: dict[str, Any]) -> None:
    added: list[str] = hook.get("args", [])
    program, command, *arguments = [*shlex.split(hook["entry"]), *added]
    assert program == "sguild-codegen"
    script = "import sys; from sguild_codegen.cli import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", script, command, "--help"], capture_output=True, text=True, check=True
    )
    assert all(each in done.stdout for each in arguments if each.startswith("--"))
    assert hook["additional_dependencies"] == ["./runtime"]


@pytest.mark.proof
def test_the_hooks_pass_where_all_is_well(project: Path) -> None:
    done = _try(project)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("Passed") == len(HOOKS)


@pytest.mark.proof
def test_the_hooks_name_what_is_stale_and_who_breaks(project: Path) -> None:
    schema = project / _SCHEMA
    text = schema.read_text("utf-8")
    schema.write_text(text.replace('"maxLength": 2000', '"maxLength": 1000', 1), "utf-8")
    assert schema.read_text("utf-8") != text
    done = _try(project)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "lead_stage_changed.py: SG071 error: the file is stale" in done.stdout
    assert "SG101 error: stored events break growth and platform" in done.stdout
