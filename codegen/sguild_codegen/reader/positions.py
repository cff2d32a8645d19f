"""Where each value of a JSON text stands; read only for files that have findings.

The scanner is slower than the standard library's parser and knows more: the place of every key and value by
JSON pointer, and every fault that RFC 8259 leaves open (duplicate keys, numbers and texts that readers
disagree on), also by place.
"""

import contextlib
import json
import math
import re
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from sguild_codegen.model.pointers import escape_pointer
from sguild_codegen.reader import limits
from sguild_codegen.report import rules
from sguild_codegen.report.rules import Rule
from sguild_codegen.report.safe import shown

_SPACE: Final = re.compile(r"[ \t\n\r]*")
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_NUMBER: Final = re.compile(r"-?(?:Infinity|NaN|\d+(?P<fraction>\.\d+)?(?P<exponent>[eE][+-]?\d+)?)|NaN")
_WORD: Final = re.compile(r"true|false|null")
_INTEGER_DIGITS: Final = 17  # more digits than 2^53 has: not even converted


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of the text, from offset ``start`` up to ``end``."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands, and its key if it is the value of an object's key."""

    value: Span
    key: Span | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """A breach of a rule that only the text shows; ``values`` fill the rule's message."""

    rule: Rule
    pointer: str
    span: Span
    values: Mapping[str, str]


@dataclass(slots=True)
class Scan:
    """The places of all values by JSON pointer, and the faults in the order of the text."""

    text: str
    places: dict[str, Place] = field(default_factory=dict[str, Place])
    faults: list[Fault] = field(default_factory=list[Fault])


class _Stop(Exception):  # noqa: N818 - control flow: the rest of the text is not worth reading
    pass


@dataclass(slots=True)
class Lines:
    """Lines and columns of a text, both counted from 1, in characters."""

    text: str
    _starts: list[int] = field(init=False)
    _sources: dict[int, str] = field(default_factory=dict[int, str])

    def __post_init__(self) -> None:
        self._starts = [0, *(each.end() for each in re.finditer(r"\r\n|\n|\r", self.text))]

    def place(self, offset: int) -> tuple[int, int]:
        """Return the line and column of an offset."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def source(self, line: int) -> str:
        """Return the text of a line, without its end; the same object each time, as lines may be long."""
        if line in self._sources:
            return self._sources[line]
        start = self._starts[line - 1]
        end = self._starts[line] if line < len(self._starts) else len(self.text)
        return self._sources.setdefault(line, self.text[start:end].rstrip("\r\n"))


def scan(text: str, until: str | None = None) -> Scan:
    """Read a text that is JSON by its grammar, up to a nesting that is too deep.

    The text behind the value at the pointer ``until`` is not read.
    """
    result = Scan(text)
    scanner = _Scanner(result, Lines(text), until)
    with contextlib.suppress(_Stop, IndexError):  # a text that is no JSON is scanned as far as it goes
        scanner.value(scanner.space(0), "", 0, None)
    return result


_Handler: TypeAlias = Callable[["_Scanner", int, str, int], int]


@dataclass(slots=True)
class _Scanner:
    scan: Scan
    lines: "Lines"
    until: str | None = None

    def value(self, start: int, pointer: str, depth: int, key: Span | None) -> int:
        """Read one value and return the offset behind it."""
        first = self.scan.text[start]
        handler = _HANDLERS.get(first, _Scanner.number)
        end = handler(self, start, pointer, depth)
        # The first of two equal keys keeps the place; the second one is a fault of its own.
        self.scan.places.setdefault(pointer, Place(Span(start, end), key))
        if pointer == self.until:
            raise _Stop
        return end

    def object(self, start: int, pointer: str, depth: int) -> int:
        self._check_depth(start, pointer, depth)
        seen: dict[str, Span] = {}
        offset = self.space(start + 1)
        while self.scan.text[offset] != "}":
            offset = self._member(offset, pointer, depth, seen)
        return offset + 1

    def _member(self, offset: int, pointer: str, depth: int, seen: dict[str, Span]) -> int:
        end = self.string(offset, pointer, depth)
        span = Span(offset, end)
        name = json.loads(self.scan.text[offset:end], strict=False)
        inner = f"{pointer}/{escape_pointer(name)}"
        if name in seen:
            line, _ = self.lines.place(seen[name].start)
            self._fault(rules.DUPLICATE_KEY, inner, span, key=shown(name), line=str(line))
        seen.setdefault(name, span)
        colon = self.space(end)
        return self._behind_comma(self.value(self.space(colon + 1), inner, depth + 1, span))

    def array(self, start: int, pointer: str, depth: int) -> int:
        self._check_depth(start, pointer, depth)
        offset = self.space(start + 1)
        index = 0
        while self.scan.text[offset] != "]":
            offset = self._behind_comma(self.value(offset, f"{pointer}/{index}", depth + 1, None))
            index += 1
        return offset + 1

    def string(self, start: int, pointer: str, depth: int) -> int:  # noqa: ARG002 - a handler
        end = self._match(_STRING, start).end()
        token = self.scan.text[start:end]
        if "\\u" in token and not is_text(json.loads(token, strict=False)):
            self._fault(rules.LONE_SURROGATE, pointer, Span(start, end), value=shown_token(token))
        return end

    def number(self, start: int, pointer: str, depth: int) -> int:  # noqa: ARG002 - a handler
        found = self._match(_NUMBER, start)
        token, span = found.group(), Span(start, found.end())
        if found["fraction"] or found["exponent"] or not token.lstrip("-").isdigit():
            if not math.isfinite(float(token)):
                self._fault(rules.NOT_FINITE, pointer, span, value=shown_token(token))
        elif not is_safe_integer(token):
            self._fault(rules.INTEGER_RANGE, pointer, span, value=shown_token(token))
        return span.end

    def word(self, start: int, pointer: str, depth: int) -> int:  # noqa: ARG002 - a handler
        return self._match(_WORD, start).end()

    def _check_depth(self, start: int, pointer: str, depth: int) -> None:
        if depth >= limits.DEPTH:
            self._fault(rules.TOO_DEEP, pointer, Span(start, start + 1), limit=str(limits.DEPTH))
            raise _Stop

    def _fault(self, rule: Rule, pointer: str, span: Span, **values: str) -> None:
        self.scan.faults.append(Fault(rule, pointer, span, values))

    def space(self, offset: int) -> int:
        return self._match(_SPACE, offset).end()

    def _behind_comma(self, offset: int) -> int:
        offset = self.space(offset)
        return self.space(offset + 1) if self.scan.text[offset] == "," else offset

    def _match(self, pattern: re.Pattern[str], offset: int) -> re.Match[str]:
        found = pattern.match(self.scan.text, offset)
        if found is None:
            raise _Stop
        return found


_HANDLERS: Final[Mapping[str, _Handler]] = {
    "{": _Scanner.object,
    "[": _Scanner.array,
    '"': _Scanner.string,
    "t": _Scanner.word,
    "f": _Scanner.word,
    "n": _Scanner.word,
}


def is_text(value: str) -> bool:
    """Tell whether a string is Unicode text, so without a lone surrogate."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_safe_integer(token: str) -> bool:
    """Tell whether a JSON integer lies within ±2^53, without ever converting a long one."""
    return len(token) <= _INTEGER_DIGITS and abs(int(token)) <= limits.INTEGER


def shown_token(token: str) -> str:
    """Return a token of the text for a message, cut where it is long."""
    return token if len(token) <= 40 else f"{token[:39]}…"  # noqa: PLR2004 - long enough to recognise it
