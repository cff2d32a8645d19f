import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import sguild_dispatcher

HEAVY = ("asyncpg", "psycopg", "jsonschema_rs", "pydantic", "sqlalchemy")


def imported_by(statement: str) -> set[str]:
    program = f"{statement}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return set(done.stdout.split())


def test_importing_the_package_imports_nothing_heavy() -> None:
    assert not imported_by("import sguild_dispatcher") & {*HEAVY, "asyncio", "dataclasses"}


@pytest.mark.parametrize("module", ["fields", "models", "registry", "publisher", "settings", "context"])
def test_what_generated_code_imports_needs_no_driver(module: str) -> None:
    heavy = imported_by(f"import sguild_dispatcher.{module}")
    assert not heavy & {"asyncpg", "psycopg", "jsonschema_rs"}


def test_all_is_complete_sorted_and_there() -> None:
    names = sguild_dispatcher.__all__
    assert names == sorted(names)
    assert set(names) == set(sguild_dispatcher._MODULES)
    for name in names:
        module = import_module(f"sguild_dispatcher.{sguild_dispatcher._MODULES[name]}")
        assert getattr(sguild_dispatcher, name) is getattr(module, name)
    assert set(names) <= set(dir(sguild_dispatcher))


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse(Path(str(sguild_dispatcher.__file__)).read_text(encoding="utf-8"))
    guarded = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.name: str(node.module).removeprefix("sguild_dispatcher.")
        for node in guarded.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == sguild_dispatcher._MODULES


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Publsher'"):
        sguild_dispatcher.Publsher  # noqa: B018 - the look-up is what fails
