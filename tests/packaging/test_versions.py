"""The tool, the generated package and the runtime agree about what fits together."""

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from sguild_codegen.emit import package
from sguild_dispatcher import interface
from wheel_kit import REPOSITORY, project

GENERATED = REPOSITORY / "generated" / "sguild_contracts"
IMPORT = """
try:
    import sguild_contracts
except ImportError as error:
    print(type(error).__name__, error)
"""


def test_the_tool_writes_for_this_interface() -> None:
    assert package.INTERFACE == interface.INTERFACE


def test_the_pinned_range_has_this_runtime_and_not_the_next() -> None:
    pinned = SpecifierSet(package.RUNTIME_RANGE)
    version = project("sguild_dispatcher")["version"]
    major, minor, _ = map(int, version.split("."))
    assert version in pinned
    assert f"{major}.{minor + 1}.0" not in pinned
    assert f"{major + 1}.0.0" not in pinned


def test_the_generated_package_pins_that_range() -> None:
    needs = {each.name: each for each in map(Requirement, project("sguild_contracts")["dependencies"])}
    assert needs["sguild-dispatcher"].specifier == SpecifierSet(package.RUNTIME_RANGE)


def test_the_extra_for_tests_pins_the_same_range() -> None:
    (needed,) = map(Requirement, project("sguild_contracts")["optional-dependencies"]["testing"])
    assert (needed.name, needed.extras) == ("sguild-dispatcher", {"strategies"})
    assert needed.specifier == SpecifierSet(package.RUNTIME_RANGE)
    strategies = map(Requirement, project("sguild_dispatcher")["optional-dependencies"]["strategies"])
    assert [each.name for each in strategies] == ["hypothesis"]


def test_the_tool_draws_with_that_range() -> None:
    needs = {each.name: each for each in map(Requirement, project("sguild_codegen")["dependencies"])}
    assert needs["sguild-dispatcher"].specifier == SpecifierSet(package.RUNTIME_RANGE)


def test_the_generated_package_has_the_version_of_the_registry() -> None:
    registry = json.loads((REPOSITORY / "contracts" / "event-types-registry.json").read_text("utf-8"))
    assert project("sguild_contracts")["version"] == registry["registry_version"]


def test_another_interface_is_refused_at_import_in_one_sentence(tmp_path: Path) -> None:
    shutil.copytree(GENERATED, tmp_path / "sguild_contracts")
    init = tmp_path / "sguild_contracts" / "__init__.py"
    call, other = f"require_interface({interface.INTERFACE},", interface.INTERFACE + 1
    text = init.read_text("utf-8")
    assert text.count(call) == 1
    init.write_text(text.replace(call, f"require_interface({other},"), "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", IMPORT], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == (
        f"InterfaceMismatchError sguild_contracts was generated for interface {other} of sguild-dispatcher, "
        f"and interface {interface.INTERFACE} is installed: install matching versions of the two.\n"
    )
    assert done.stderr == ""


def test_generated_code_imports_nothing_but_pydantic_and_the_runtime() -> None:
    allowed = sys.stdlib_module_names | {"pydantic", "sguild_contracts", "sguild_dispatcher"}
    found = {(name, path) for path in GENERATED.rglob("*.py") for name in _imported(path)}
    assert "pydantic" in {name for name, _ in found}
    others = {(name, path.relative_to(GENERATED).as_posix()) for name, path in found if name not in allowed}
    assert others == {("hypothesis", "testing/__init__.py")}  # for type checkers alone


def _imported(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    plain = {alias.name for each in nodes if isinstance(each, ast.Import) for alias in each.names}
    sources = {each.module or "" for each in nodes if isinstance(each, ast.ImportFrom)}
    return {name.partition(".")[0] for name in plain | sources}
