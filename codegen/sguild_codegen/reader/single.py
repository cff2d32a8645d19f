"""One schema of anybody: the rules for contract files do not apply to it, those of JSON Schema do."""

import json
from pathlib import Path
from typing import Final

from sguild_codegen.errors import ContractError, UsageError
from sguild_codegen.model.schema import JsonValue, References, Schema
from sguild_codegen.reader.house_rules import check_dialects
from sguild_codegen.reader.json_text import JsonProblems, read_json_file
from sguild_codegen.reader.locating import findings_of
from sguild_codegen.reader.problems import Problem, Problems
from sguild_codegen.reader.references import Resolver, check_loops
from sguild_codegen.reader.schema import read_schema
from sguild_codegen.report import rules

# Keywords of older drafts that constrain: dropping one would accept what its author refuses.
_LEGACY: Final = ("dependencies", "additionalItems", "$recursiveRef", "divisibleBy", "disallow", "extends")


def read_single(value: JsonValue, path: Path, raw: bytes | None = None) -> Schema:
    """Return the typed schema of one JSON value; ``path`` and ``raw`` are where findings say it stands.

    References lead inside the schema only.

    Raises:
        ContractError: it is no valid schema, or holds what this tool cannot read; with all findings.
    """
    problems, table = Problems(), References()
    document = read_schema(path.name, value, table, problems)
    Resolver(table, problems, lambda _: None).resolve(document)
    check_loops(table, problems)
    check_dialects(document, problems)
    serious = [each for each in problems.items if not _is_annotation(each)]
    if serious:
        raise ContractError(findings_of(serious, path.parent, {} if raw is None else {path.name: raw}))
    return document.root


def read_single_file(path: Path) -> Schema:
    """Return the typed schema of a file.

    Raises:
        ContractError: the file cannot be read, or as :func:`read_single`.
    """
    raw: dict[str, bytes] = {}
    try:
        file = read_json_file(path.parent, path.name, raw)
    except JsonProblems as error:
        raise ContractError(findings_of(error.problems, path.parent, raw)) from error
    return read_single(file.value, path, file.raw)


def as_json(value: object) -> tuple[JsonValue, bytes]:
    """Return a Python value as JSON has it, and the text that findings quote.

    Raises:
        UsageError: JSON has no such value.
    """
    try:
        text = json.dumps(value, allow_nan=False, indent=2)
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"The schema is no JSON value: {error}.") from error
    return json.loads(text), text.encode()


def _is_annotation(problem: Problem) -> bool:
    """Tell whether a problem is none here: an unknown keyword is an annotation (2020-12, section 6.5)."""
    keyword = problem.pointer.rpartition("/")[2]
    return problem.rule.id == rules.UNKNOWN_KEYWORD.id and keyword not in _LEGACY
