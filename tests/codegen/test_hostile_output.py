"""What the emitter makes of harmless hostile contracts: every property under its name, every text as data.

``test_hostile_contracts`` proves that they are generated or refused, and do nothing when imported.
"""

import ast
import importlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_kit import run
from exact_kit import Contract
from golden_kit import install
from test_hostile_contracts import CORPUS, _cases, _tree

HARMLESS = [case for case in _cases() if case.expect == "harmless" and not case.path.endswith("/")]


@pytest.fixture
def import_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    return folder


def _texts(schema: Any) -> Iterator[str]:
    """Yield the descriptions of the schema and of its properties."""
    yield from (
        each["description"]
        for each in (schema, *schema.get("properties", {}).values())
        if "description" in each
    )


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus ../shared/hostile-contracts is not here")
@pytest.mark.parametrize("case", HARMLESS, ids=lambda case: case.path)
def test_harmless_contract_is_exact_and_keeps_its_text(
    case: Any, tmp_path: Path, import_folder: Path
) -> None:
    _tree(case, tmp_path / "contracts")
    assert run("generate", "--contracts", tmp_path / "contracts", "--output", tmp_path / "out").code == 0
    name = f"hostile_{case.path[:3]}"
    install(tmp_path / "out" / "sguild_contracts", name, import_folder)

    module = importlib.import_module(f"{name}.events.thing_happened")
    schema = importlib.import_module(f"{name}.schemas").payload_schema("thing.happened", 1)

    model = module.ThingHappenedV1
    aliases = {field.alias or attribute for attribute, field in model.model_fields.items()}
    assert aliases == set(schema["properties"])
    source = Path(str(module.__file__)).read_text("utf-8")
    documented = " ".join(" ".join(_docstrings(source)).split())
    for text in _texts(schema):
        assert " ".join(text.split()) in documented
    Contract(case.path, schema, {}, model).check(50, shrink=False)
    assert "PWNED" not in os.environ


def _docstrings(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            yield node.value.value
