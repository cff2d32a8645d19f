"""Problems as the checks report them, and the way from a problem to a finding with a place."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Final

from sguild_codegen.reader.positions import Lines, Place, Scan, Span, scan
from sguild_codegen.report.finding import Finding
from sguild_codegen.report.rules import Rule

# Comparing is slow: what goes beyond gets no suggestion.
_LONGEST_TYPO: Final = 100
_MOST_NAMES: Final = 500


@dataclass(frozen=True, slots=True)
class Problem:
    """A breach of a rule at a JSON pointer of a document, or at an offset of its text.

    ``document`` is relative to the contracts folder. ``at_key`` means the key of the value, not the value.
    ``values`` fill the rule's message and help.
    """

    rule: Rule
    document: str
    pointer: str = ""
    at_key: bool = False
    values: Mapping[str, object] = field(default_factory=dict[str, object])
    offset: int | None = None
    end: int | None = None


@dataclass(slots=True)
class Problems:
    """All problems of a run, in the order in which the checks met them."""

    items: list[Problem] = field(default_factory=list[Problem])

    def add(self, rule: Rule, document: str, pointer: str, *, at_key: bool = False, **values: object) -> None:
        """Note one problem at a JSON pointer."""
        self.items.append(Problem(rule, document, pointer, at_key, values))


@dataclass(frozen=True, slots=True)
class Suggestion:
    """``Did you mean …? `` for the nearest known name, nothing where none is near.

    It is sought when the text is asked for: a file may have thousands of findings, of which few are shown.
    """

    value: object
    known: Iterable[str]

    def __str__(self) -> str:
        if not isinstance(self.value, str) or len(self.value) > _LONGEST_TYPO:
            return ""
        near = difflib.get_close_matches(self.value, islice(self.known, _MOST_NAMES), n=1)
        return f'Did you mean "{near[0]}"? ' if near else ""


class Locator:
    """Finds the places of problems in one document; the text is scanned when the first one asks."""

    def __init__(self, path: str, raw: bytes | None) -> None:
        self._path = path
        self._text = "" if raw is None else raw.decode(errors="replace")
        self._asked: str | None = None

    @cached_property
    def _scan(self) -> Scan:
        return scan(self._text)

    @cached_property
    def _first(self) -> Scan:
        """The places up to the one that is asked for first; often no other is asked for."""
        return scan(self._text, self._asked)

    @cached_property
    def _lines(self) -> Lines:
        return Lines(self._text)

    def finding(self, problem: Problem, *, subject: str | None = None) -> Finding:
        """Return the finding of a problem, with its line, column and source line.

        ``subject`` is the event type that it is about.
        """
        span = self._span(problem)
        line, column = self._lines.place(span.start)
        source = self._lines.source(line)
        return Finding(
            rule=problem.rule,
            path=self._path,
            message=problem.rule.message.format_map(problem.values),
            help=problem.rule.help.format_map(problem.values),
            line=line,
            column=column,
            length=max(1, min(span.end - span.start, len(source) - column + 1)),
            pointer=problem.pointer,
            source=source if self._text else None,
            subject=subject,
        )

    def _span(self, problem: Problem) -> Span:
        if problem.offset is not None:
            return Span(problem.offset, problem.end or problem.offset + 1)
        place = self._place(problem.pointer)
        return place.key if problem.at_key and place.key is not None else place.value

    def _place(self, pointer: str) -> Place:
        """Return the place of the value, or of the nearest one around it where the text lacks it."""
        if self._asked is None:
            self._asked = pointer
        places = (self._first if pointer in self._first.places else self._scan).places
        while pointer and pointer not in places:
            pointer = pointer.rpartition("/")[0]
        return places.get(pointer, Place(Span(0, 1)))
