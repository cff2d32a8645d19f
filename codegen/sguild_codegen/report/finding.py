"""The one type of finding that every check returns and every printer prints."""

from collections.abc import Iterable
from dataclasses import dataclass

from sguild_codegen.report.rules import Level, Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is wrong, where, by which rule, and the way out.

    ``path`` is relative to the repository's root, else to the current folder. ``line`` and ``column`` count
    from 1, in characters; they are ``None`` where the finding is about a file as a whole. ``length`` is how
    many characters of ``source``, the text of that line, are meant.
    """

    rule: Rule
    path: str
    message: str
    help: str
    line: int | None = None
    column: int | None = None
    length: int = 1
    pointer: str | None = None
    source: str | None = None

    @property
    def level(self) -> Level:
        """``error`` or ``warning``, as the rule says."""
        return self.rule.level


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings by place, each once."""
    by_place = {
        (each.path, each.line or 0, each.column or 0, each.rule.id, each.message): each for each in findings
    }
    return tuple(by_place[key] for key in sorted(by_place))
