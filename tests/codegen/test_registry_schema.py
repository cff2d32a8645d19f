"""The registry's own JSON Schema: accepts the real one, and agrees with the reader on bad ones."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from bad_contracts import REGISTRY, THE_REGISTRY, Case
from command_kit import MINIMAL, ROOT

# What no schema can say: other files, other entries, the calendar.
BEYOND = frozenset(
    {
        *("envelope-missing", "unknown-producer", "unknown-subscriber", "domain-twice", "entity-twice"),
        *("window", "version-without-file"),
    }
)


@pytest.fixture(scope="module")
def schema() -> Any:
    path = files("sguild_codegen") / "schemas" / "event-types-registry.schema.json"
    return json.loads(path.read_text("utf-8"))


@pytest.mark.parametrize("folder", [ROOT / "contracts", MINIMAL])
def test_accepts_registries(schema: Any, folder: Path) -> None:
    registry = json.loads((folder / REGISTRY).read_text("utf-8"))
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    assert [error.message for error in validator.iter_errors(registry)] == []


def test_is_valid_and_describes_every_key(schema: Any) -> None:
    jsonschema_rs.meta.validate(schema)
    objects = [schema, *(each for each in schema["$defs"].values() if "properties" in each)]
    for each in objects:
        assert all("description" in value for value in each["properties"].values())


def _edited() -> list[Case]:
    return [case for case in THE_REGISTRY if case.edits and case.name not in BEYOND]


@pytest.mark.parametrize("case", _edited(), ids=lambda case: case.name)
def test_refuses_what_the_reader_refuses(schema: Any, case: Case) -> None:
    text = (MINIMAL / REGISTRY).read_text("utf-8")
    for _, old, new in case.edits:
        text = text.replace(old, new, 1)
    assert not jsonschema_rs.Draft202012Validator(schema, validate_formats=True).is_valid(json.loads(text))
