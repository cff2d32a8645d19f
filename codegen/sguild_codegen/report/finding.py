"""The one type of finding that every check returns and every printer prints."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sguild_codegen.report.rules import Level, Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Another place that a finding is about, such as the same keyword in the old version of a file.

    ``message`` says in a few words what is there, as "in version 1"; ``source`` is the text of the line.
    """

    path: str
    message: str
    line: int | None = None
    column: int | None = None
    pointer: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """A JSON document as proof: ``accepted_by`` takes it and ``refused_by`` does not."""

    document: Any
    accepted_by: str
    refused_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is wrong, where, by which rule, and the way out.

    ``path`` is relative to the repository's root, else to the current folder. ``line`` and ``column`` count
    from 1, in characters; they are ``None`` where the finding is about a file as a whole. ``length`` is how
    many characters of ``source``, the text of that line, are meant.

    ``level`` is that of the rule unless the check that applies it knows better. ``subject`` is the event type
    that the finding is about, ``audience`` the domains that are hit, ``related`` what to look at as well,
    ``proposal`` lines that may be put into a file.
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
    own_level: Level | None = None
    subject: str | None = None
    audience: tuple[str, ...] = ()
    witness: Witness | None = None
    related: tuple[Place, ...] = ()
    proposal: str | None = None

    @property
    def level(self) -> Level:
        """``error``, ``warning`` or ``notice``."""
        return self.own_level or self.rule.level

    @property
    def fingerprint(self) -> str:
        """A name that stays when lines move: of the rule, the file, the place in it and what is said."""
        parts = (self.rule.id, self.path, self.pointer or "", self.subject or "", self.message)
        return hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()[:16]


def finding_at(place: Place, rule: Rule, message: str, help: str, pointer: str | None = None) -> Finding:  # noqa: A002 - as the field
    """Return a finding at a place, with its line as far as it is known."""
    return Finding(
        rule=rule,
        path=place.path,
        message=message,
        help=help,
        line=place.line,
        column=place.column,
        source=place.source,
        pointer=pointer,
    )


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings by place, each once."""
    by_place = {
        (each.path, each.line or 0, each.column or 0, each.rule.id, each.message): each for each in findings
    }
    return tuple(by_place[key] for key in sorted(by_place))
