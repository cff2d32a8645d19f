"""What is in the distributions, file by file, and what they need."""

import re
from pathlib import Path
from zipfile import ZipFile

import pytest

from wheel_kit import REPOSITORY, Distribution, project

SOURCES = {
    "sguild_codegen": {"codegen/sguild_codegen": "sguild_codegen", "templates": "sguild_codegen/templates"},
    "sguild_contracts": {"generated/sguild_contracts": "sguild_contracts"},
    "sguild_dispatcher": {"runtime/sguild_dispatcher": "sguild_dispatcher"},
}

# Every file of a wheel is one of these; a new folder is a decision, so it is made here too.
ALLOWED = {
    "sguild_codegen": r"""
        sguild_codegen/ (
            (__init__ | errors) \.py
            | (changes | cli | compat (/ edits)? | emit | lint | model | reader | record) / \w+ \.py
            | versions / \w+ \.py
            | cli / \w+ \.sql
            | report (/ (change_rules | printers))? / \w+ \.py
            | schemas / [a-z-]+ \.schema\.json
            | templates / \w+ (\.\w+)? \.jinja
            | py\.typed
        )
    """,
    "sguild_contracts": r"""
        sguild_contracts/ (
            (__init__ | envelope | ids | registry) \.py
            | roles\.sql
            | (domains | events | testing (/ factories)?) / \w+ \.py
            | schemas / (__init__\.py | envelope\.json | [a-z-]+ / [a-z.]+ -v\d+ (\.tolerant)? \.json)
            | py\.typed
        )
    """,
    "sguild_dispatcher": r"""
        sguild_dispatcher/ (
            \w+ \.py
            | (cli | connections | delivery | fields | signing | telemetry | transport) / \w+ \.py
            | testing (/ (documents | memory))? / \w+ \.py
            | sql / (\w+ /)? \w+ \.sql
            | py\.typed
        )
    """,
}

LICENSED = {"sguild_codegen", "sguild_dispatcher"}
COMMANDED = {"sguild_codegen", "sguild_dispatcher"}

NEEDS = {
    "sguild_codegen": {
        *("black", "datamodel-code-generator", "jinja2", "jsonschema", "jsonschema-rs"),
        *("pydantic", "sguild-dispatcher", "typer"),
        *("fqdn", "idna", "interegular", "isoduration", "jsonpointer", "referencing"),
        *("rfc3339-validator", "rfc3986-validator", "uri-template"),
    },
    "sguild_contracts": {"pydantic", "sguild-dispatcher"},
    "sguild_dispatcher": {"asyncpg", "jsonschema-rs", "pydantic", "typing-extensions", "uuid-utils"},
}

AT_TOP_OF_SDIST = {
    "sguild_codegen": {"CHANGELOG.md", "LICENSE", "codegen", "templates"},
    "sguild_contracts": {"sguild_contracts"},
    "sguild_dispatcher": {"LICENSE", "sguild_dispatcher"},
}


def _sources(name: str) -> set[str]:
    """The files of the checkout that the wheel has to hold, under the names that they have there."""
    return {
        f"{target}/{path.relative_to(REPOSITORY / source).as_posix()}"
        for source, target in SOURCES[name].items()
        for path in Path(REPOSITORY / source).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def _information(name: str) -> set[str]:
    files = {"METADATA", "RECORD", "WHEEL"}
    files |= {"entry_points.txt"} if name in COMMANDED else set()
    files |= {"licenses/LICENSE"} if name in LICENSED else set()
    return {f"{name}.dist-info/{each}" for each in files}


def test_a_wheel_holds_all_sources_and_nothing_else(distribution: Distribution) -> None:
    name = distribution.name
    assert distribution.in_wheel == _sources(name) | _information(name)


def test_a_wheel_holds_no_file_of_an_unknown_kind(distribution: Distribution) -> None:
    allowed = re.compile(ALLOWED[distribution.name], re.VERBOSE)
    files = distribution.in_wheel - _information(distribution.name)
    assert sorted(each for each in files if allowed.fullmatch(each) is None) == []


def test_what_a_missing_file_would_break_in_silence_is_there(
    distributions: dict[str, Distribution],
) -> None:
    for name, each in distributions.items():
        assert f"{name}/py.typed" in each.in_wheel
    tool = distributions["sguild_codegen"].in_wheel
    assert "sguild_codegen/templates/event.py.jinja" in tool
    assert "sguild_codegen/schemas/event-types-registry.schema.json" in tool
    assert "sguild_codegen/schemas/findings.schema.json" in tool
    assert "sguild_contracts/schemas/envelope.json" in distributions["sguild_contracts"].in_wheel
    runtime = distributions["sguild_dispatcher"].in_wheel
    assert "sguild_dispatcher/sql/insert_event.sql" in runtime
    assert "sguild_dispatcher/sql/migrations/0001_event_log.sql" in runtime


def test_an_sdist_holds_what_its_wheel_is_built_from_and_nothing_else(distribution: Distribution) -> None:
    top = {each.partition("/")[0] for each in distribution.in_sdist}
    added = {".gitignore", "PKG-INFO", "README.md", "pyproject.toml"}
    assert top == AT_TOP_OF_SDIST[distribution.name] | added
    assert not [each for each in distribution.in_sdist if "__pycache__" in each]


def test_a_distribution_needs_only_what_it_must(distribution: Distribution) -> None:
    needs = distribution.metadata.get_all("Requires-Dist", [])
    always = [each for each in needs if "extra ==" not in each]
    assert {re.split(r"[^\w-]", each)[0] for each in always} == NEEDS[distribution.name]


@pytest.mark.parametrize("field", ["Name", "Version", "License-Expression", "Requires-Python"])
def test_the_metadata_is_that_of_the_project(distribution: Distribution, field: str) -> None:
    key = {"License-Expression": "license"}.get(field, field.lower())
    assert distribution.metadata[field] == project(distribution.name).get(key)


def test_pytest_finds_the_plugin_of_the_runtime(distributions: dict[str, Distribution]) -> None:
    with ZipFile(distributions["sguild_dispatcher"].wheel) as wheel:
        (name,) = (each for each in wheel.namelist() if each.endswith("entry_points.txt"))
        entries = wheel.read(name).decode()
    plugin = "sguild_dispatcher.testing.plugin"
    assert f"[pytest11]\n{plugin} = {plugin}\n" in entries
    assert f"{plugin.replace('.', '/')}.py" in distributions["sguild_dispatcher"].in_wheel
