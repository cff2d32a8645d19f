"""From problems to findings: paths that people and tools can open, lines, columns and source lines."""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from sguild_codegen.reader import limits
from sguild_codegen.reader.problems import Locator, Problem
from sguild_codegen.report import rules
from sguild_codegen.report.finding import Finding, in_order


def findings_of(problems: Iterable[Problem], folder: Path, raw: Mapping[str, bytes]) -> tuple[Finding, ...]:
    """Return the findings of problems by place; ``raw`` has the bytes of the documents that were read."""
    by_document: dict[str, list[Problem]] = {}
    for problem in problems:
        by_document.setdefault(problem.document, []).append(problem)
    return in_order(
        finding
        for name, found in by_document.items()
        for finding in _findings_of_one(Locator(report_path(folder / name), raw.get(name)), found)
    )


def _findings_of_one(locator: Locator, problems: list[Problem]) -> Iterator[Finding]:
    shown = problems[: limits.FINDINGS]
    yield from map(locator.finding, shown)
    left = len(problems) - len(shown)
    if left:
        yield locator.finding(
            Problem(rules.MORE_FINDINGS, problems[0].document, values={"count": f"{left:,}"})
        )


def report_path(path: Path) -> str:
    """Return a path relative to the root of its repository, else to the current folder, else as it is."""
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links
    repository = next((each for each in absolute.parents if (each / ".git").exists()), None)
    for base in (repository, Path.cwd()):
        if base is not None and absolute.is_relative_to(base):
            return absolute.relative_to(base).as_posix()
    return path.as_posix()
