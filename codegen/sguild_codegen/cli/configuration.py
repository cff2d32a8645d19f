"""Settings of a run: options, else ``[tool.sguild-codegen]`` of pyproject.toml, else defaults."""

import keyword
import re
import sys
import tomllib
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Final, cast

from sguild_codegen.errors import UsageError
from sguild_codegen.report.safe import shown

FILE: Final = "pyproject.toml"
TABLE: Final = "[tool.sguild-codegen]"
TABLES: Final = ("diff", "lint")
"""Keys that hold the settings of one command, which reads them itself."""
_DEFAULTS: Final = {"contracts": "contracts", "output": "generated", "package": "sguild_contracts"}
# What generated code imports, and the tool itself.
_TAKEN: Final = frozenset(("pydantic", "pydantic_core", "sguild_codegen", "sguild_dispatcher"))
_PACKAGE: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Configuration:
    """Where the contracts are, where generated code goes, and the name of its package."""

    contracts: Path
    output: Path
    package: str


def configuration(**options: str | None) -> Configuration:
    """Return the settings of a run; an option that is ``None`` was not given.

    Raises:
        UsageError: the configuration has an unknown key or a wrong value, or settings do not go together.
    """
    given = {key: value for key, value in options.items() if value is not None}
    settings = {**_DEFAULTS, **_from_file(Path(FILE)), **given}
    found = Configuration(Path(settings["contracts"]), Path(settings["output"]), settings["package"])
    if not _PACKAGE.fullmatch(found.package) or keyword.iskeyword(found.package):
        raise UsageError(
            f"--package {shown(found.package)} is no name of a package: use a-z, 0-9 and single underscores."
        )
    if found.package in _TAKEN or found.package in sys.stdlib_module_names:
        raise UsageError(
            f"--package {shown(found.package)} would hide a module of that name: choose another."
        )
    return found


def contracts_folder(contracts: str | None = None) -> Path:
    """Return the folder of the contracts, for a command that writes nothing.

    Raises:
        UsageError: as :func:`configuration`.
    """
    return configuration(contracts=contracts).contracts


def writing_configuration(**options: str | None) -> Configuration:
    """Return the settings of a run that writes.

    Raises:
        UsageError: as :func:`configuration`, or the output lies inside of the contracts.
    """
    found = configuration(**options)
    output, contracts = found.output.resolve(), found.contracts.resolve()
    if output == contracts or output.is_relative_to(contracts):
        raise UsageError("--output lies inside of --contracts: choose a folder outside of the contracts.")
    return found


def command_settings(command: str) -> dict[str, object]:
    """Return the table of one command, such as ``[tool.sguild-codegen.lint]``; empty where there is none.

    Raises:
        UsageError: it is no table, or the file cannot be read.
    """
    return as_table(_settings(Path(FILE)).get(command, {}), f"{FILE}: {TABLE} {command}")


def as_table(value: object, where: str) -> dict[str, object]:
    """Return a value of the configuration that has to be a table.

    Raises:
        UsageError: it is none.
    """
    if not isinstance(value, dict):
        raise UsageError(f"{where} has to be a table.")
    return cast("dict[str, object]", value)


def _from_file(path: Path) -> dict[str, str]:
    return dict(_checked(key, value) for key, value in _settings(path).items() if key not in TABLES)


def _settings(path: Path) -> dict[str, object]:
    if not path.is_file():
        return {}
    try:
        table: object = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}.") from error
    for key in ("tool", "sguild-codegen"):
        table = as_table(table, f"{path}: {TABLE}").get(key, {})
    return as_table(table, f"{path}: {TABLE}")


def _checked(key: str, value: object) -> tuple[str, str]:
    if key not in _DEFAULTS:
        known = (*_DEFAULTS, *TABLES)
        near = get_close_matches(key, known, n=1)
        meant = f'did you mean "{near[0]}"?' if near else f"the keys are {', '.join(known)}."
        raise UsageError(f"{FILE}: {TABLE} has no key {shown(key)}: {meant}")
    if not isinstance(value, str) or not value:
        raise UsageError(
            f"{FILE}: {TABLE} {key} has to be a text that is not empty, not {shown(str(value))}."
        )
    return key, value
