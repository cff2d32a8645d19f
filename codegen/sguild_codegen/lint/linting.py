"""One run of all checks: what they find, less what is ignored with a reason."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path

from sguild_codegen.lint import (
    contradictions,
    documentation,
    names,
    reachability,
    redundancy,
    registry,
    shapes,
    windows,
)
from sguild_codegen.lint.contracts import Breach, Contracts
from sguild_codegen.lint.edits import edited
from sguild_codegen.lint.proofs import Proofs
from sguild_codegen.model.contract import ContractTree
from sguild_codegen.reader.locating import report_path
from sguild_codegen.reader.problems import Locator
from sguild_codegen.report import lint_rules
from sguild_codegen.report.finding import Finding, Place, finding_at, in_order
from sguild_codegen.report.safe import shown


@dataclass(frozen=True, slots=True)
class Ignore:
    """What not to report, and why.

    ``rule`` is an id. ``path`` (relative to the contracts folder; ``*`` stands for anything), ``event_type``
    and ``pointer`` (with everything below it) narrow it; an empty one does not. ``place`` is where it stands.
    """

    rule: str
    reason: str
    place: Place
    path: str = ""
    event_type: str = ""
    pointer: str = ""

    def covers(self, breach: Breach) -> bool:
        """Tell whether a breach is one of those not to report."""
        problem = breach.problem
        return (
            self.rule == problem.rule.id
            and (not self.path or fnmatchcase(problem.document, self.path))
            and self.event_type in ("", breach.event_type)
            and f"{problem.pointer}/".startswith(f"{self.pointer}/" if self.pointer else "")
        )

    def __str__(self) -> str:
        places = [each for each in (self.event_type, self.path, self.pointer) if each]
        return f"{self.rule} at {' '.join(places)}" if places else self.rule


@dataclass(frozen=True, slots=True)
class Linted:
    """What is left to report, and the ignores that were of no use."""

    breaches: tuple[Breach, ...]
    unused: tuple[Ignore, ...]

    def edited(self, documents: Mapping[str, bytes]) -> dict[str, bytes]:
        """Return the new bytes of the files that can be mended by edits that leave the meaning as it is."""
        found: dict[str, bytes] = {}
        for each in self.breaches:
            name = each.problem.document
            before = found.get(name, documents[name])
            after = edited(before.decode(), each.edits).encode()
            if after != before:
                found[name] = after
        return found


def lint(tree: ContractTree, today: date, ignores: Sequence[Ignore] = ()) -> Linted:
    """Run every check on the contracts; ``today`` is the day that windows are judged on."""
    contracts = Contracts(tree, today)
    found = list(_checked(contracts))
    used = {each for each in ignores for breach in found if each.covers(breach)}
    kept = (breach for breach in found if not any(each.covers(breach) for each in used))
    return Linted(tuple(kept), tuple(each for each in ignores if each not in used))


def _checked(contracts: Contracts) -> Iterable[Breach]:
    proofs = Proofs({each.name: each for each in contracts.files})
    for check in (names.check, documentation.check, shapes.check, windows.check, reachability.check):
        yield from check(contracts)
    for prove in (registry.check, contradictions.check, redundancy.check):
        yield from prove(contracts, proofs)
    yield from contradictions.left_open(contracts, proofs)


def findings(linted: Linted, folder: Path, tree: ContractTree) -> tuple[Finding, ...]:
    """Return what is left as findings, by place."""
    by_document: dict[str, list[Breach]] = {}
    for each in linted.breaches:
        by_document.setdefault(each.problem.document, []).append(each)
    found: list[Finding] = []
    for name, breaches in by_document.items():
        locator = Locator(report_path(folder / name), tree.documents[name])
        found += (locator.finding(each.problem, subject=each.event_type) for each in breaches)
    found += map(_unused, linted.unused)
    return in_order(found)


def _unused(ignore: Ignore) -> Finding:
    rule = lint_rules.UNUSED_IGNORE
    return finding_at(ignore.place, rule, rule.message.format(value=shown(str(ignore))), rule.help)
