"""What a change of contracts needs beside itself: a registry version, an entry in the changelog."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from sguild_codegen.changes.states import State
from sguild_codegen.changes.trees import REGISTRY
from sguild_codegen.reader.problems import Problem
from sguild_codegen.report.change_rules import registry as rules
from sguild_codegen.report.change_rules.structure import ANNOTATION_CHANGED
from sguild_codegen.report.finding import Finding
from sguild_codegen.report.rules import Rule


def release_findings(
    was: State, now: State, found: Iterable[Finding], changelog: tuple[str, bytes | None, bytes]
) -> Iterator[Finding]:
    """Yield what a change of the contracts still lacks: a higher version of the registry, an entry.

    ``changelog`` are its name, what it was (``None``: not there) and what it is. The entry is for the version
    of the registry; where that was not raised, for the one that it should have.
    """
    told = list(found)
    if not told:
        return
    old, new = was.registry.version, now.registry.version
    at = now.tree.locator(REGISTRY)
    if _numbers(new) <= _numbers(old):
        values = {"old": old, "new": new}
        yield at.finding(_problem(rules.VERSION_NOT_RAISED, values))
        new = _next(old, told)
    name, before, after = changelog
    known = set((before or b"").splitlines())
    if not any(_names(line, new) for line in after.splitlines() if line not in known):
        values = {"file": name, "version": new}
        yield replace(
            at.finding(_problem(rules.CHANGELOG_MISSING, values)),
            proposal=_entry(new, told),
        )


def _names(line: bytes, version: str) -> bool:
    """Tell whether a line names a version: 2.1.0 is named by "(2.1.0)." and by v2.1.0, not by 12.1.0."""
    word = rb"(?<!\d)(?<!\d\.)" + re.escape(version.encode()) + rb"(?!\.?\d)"
    return re.search(word, line) is not None


def _next(version: str, found: Iterable[Finding]) -> str:
    """Return the next version: the major part raised for a break, the patch for words, else the minor."""
    major, minor, patch, *_ = (*_numbers(version), 0, 0)
    kinds = {(each.rule.id, each.level) for each in found}
    if any(level == "error" for _, level in kinds):
        return f"{major + 1}.0.0"
    if {rule for rule, _ in kinds} == {ANNOTATION_CHANGED.id}:
        return f"{major}.{minor}.{patch + 1}"
    return f"{major}.{minor + 1}.0"


def _entry(version: str, found: Iterable[Finding]) -> str:
    """Return the entry that a changelog may get: what was edited, a line for each event type."""
    edits: dict[str, list[str]] = {}
    for each in found:
        if each.witness is None:
            edits.setdefault(each.subject or each.path, []).append(each.message)
    lines = [f"  - {_told(subject, list(dict.fromkeys(texts)))}." for subject, texts in edits.items()]
    return "\n".join((f"- Registry {version}:", *lines))


def _told(subject: str, texts: list[str]) -> str:
    """Return what is said of an event type or file, which is named first unless each text does so."""
    lead = "" if all(each.startswith(f"{subject} ") for each in texts) else f"{subject}: "
    return lead + "; ".join(texts)


def _problem(rule: Rule, values: dict[str, str]) -> Problem:
    return Problem(rule, REGISTRY, "/registry_version", values=values)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
