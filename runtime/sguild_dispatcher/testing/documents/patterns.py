r"""Texts that a pattern matches: regular expressions as contracts may have them.

That is what ECMA-262, Rust and Python read alike: no look-around, no references back. What a pattern asks
for is drawn part by part; whether the text then matches is for the validator to say.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

from sguild_dispatcher.testing.documents.sources import Contradiction, Source

UUID7: Final = "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
_DIGITS: Final = ((0x30, 0x39),)
_LETTERS: Final = ((0x61, 0x7A), (0x41, 0x5A))
_CLASSES: Final = {"d": _DIGITS, "w": (*_LETTERS, *_DIGITS, (0x5F, 0x5F)), "s": ((0x20, 0x20), (0x09, 0x0D))}
_EVERYTHING: Final = (*_LETTERS, *_DIGITS, (0x20, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0xE9, 0xE9))
_CONTROLS: Final = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v"}
_NOT_READ: Final = frozenset("pPcbBk0123456789")  # in contracts they are refused
_HEX_DIGITS: Final = {"x": 2, "u": 4}
_MORE: Final = 3  # repeats beyond the fewest that a pattern wants

Ranges: TypeAlias = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class _Characters:
    ranges: Ranges

    def draw(self, source: Source) -> str:
        at = source.below(sum(high - low + 1 for low, high in self.ranges))
        for low, high in self.ranges:
            if at <= high - low:
                return chr(low + at)
            at -= high - low + 1
        return ""


@dataclass(frozen=True, slots=True)
class _Uuid:
    def draw(self, source: Source) -> str:
        return source.uuid7()


@dataclass(frozen=True, slots=True)
class _Sequence:
    parts: "tuple[_Part, ...]"

    def draw(self, source: Source) -> str:
        return "".join(each.draw(source) for each in self.parts)


@dataclass(frozen=True, slots=True)
class _Alternatives:
    parts: "tuple[_Part, ...]"

    def draw(self, source: Source) -> str:
        return self.parts[source.branch(len(self.parts))].draw(source)


@dataclass(frozen=True, slots=True)
class _Repeat:
    part: "_Part"
    low: int
    high: int

    def draw(self, source: Source) -> str:
        count = self.low + source.below(self.high - self.low + 1)
        return "".join(self.part.draw(source) for _ in range(count))


_Part: TypeAlias = _Characters | _Uuid | _Sequence | _Alternatives | _Repeat


def matching(pattern: str, source: Source) -> str:
    """Return a text that the pattern most probably finds something in.

    Raises:
        Contradiction: the pattern has what contracts must not have.
    """
    part = _parsed(pattern)
    if part is None:
        raise Contradiction
    return part.draw(source)


@lru_cache(maxsize=1024)
def _parsed(pattern: str) -> _Part | None:
    try:
        return _Parser(pattern).alternatives()
    except (ValueError, IndexError):
        return None


@dataclass(slots=True)
class _Parser:
    pattern: str
    at: int = 0

    def alternatives(self) -> _Part:
        branches = [self._branch()]
        while self._take("|"):
            branches.append(self._branch())
        return branches[0] if len(branches) == 1 else _Alternatives(tuple(branches))

    def _branch(self) -> _Part:
        parts: list[_Part] = []
        while self.at < len(self.pattern) and self.pattern[self.at] not in "|)":
            if self._take(UUID7):
                parts.append(_Uuid())
            elif not self._take("^") and not self._take("$"):
                parts.append(self._repeated(self._atom()))
        return _Sequence(tuple(parts))

    def _atom(self) -> _Part:
        character = self._next()
        match character:
            case "(":
                if self._take("?") and not self._take(":"):
                    self.at = self.pattern.index(">", self.at) + 1
                inner = self.alternatives()
                self._take(")")
                return inner
            case "[":
                return self._class()
            case "\\":
                return _Characters(self._escape())
            case ".":
                return _Characters(_EVERYTHING)
            case _:
                return _Characters(_one(character))

    def _class(self) -> _Part:
        negated = self._take("^")
        found: list[tuple[int, int]] = []
        while not self._take("]"):
            first = self._member()
            if self.pattern[self.at] == "-" and self.pattern[self.at + 1] != "]":
                self.at += 1
                found.append((first[0][0], self._member()[0][0]))
            else:
                found.extend(first)
        return _Characters(_without(tuple(found)) if negated else tuple(found))

    def _member(self) -> Ranges:
        character = self._next()
        return self._escape() if character == "\\" else _one(character)

    def _escape(self) -> Ranges:
        letter = self._next()
        if letter in _NOT_READ:
            raise ValueError(letter)
        if letter.lower() in _CLASSES:
            found = _CLASSES[letter.lower()]
            return found if letter.islower() else _without(found)
        if letter in _HEX_DIGITS:
            start, self.at = self.at, self.at + _HEX_DIGITS[letter]
            return _one(chr(int(self.pattern[start : self.at], 16)))
        return _one(_CONTROLS.get(letter, letter))

    def _repeated(self, part: _Part) -> _Part:
        low, high = self._bounds()
        if (low, high) == (1, 1):
            return part
        self._take("?")
        return _Repeat(part, low, min(high, low + _MORE) if high is not None else low + _MORE)

    def _bounds(self) -> tuple[int, int | None]:
        for sign, bounds in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._take(sign):
                return bounds
        if not self._take("{"):
            return 1, 1
        end = self.pattern.index("}", self.at)
        first, comma, second = self.pattern[self.at : end].partition(",")
        self.at = end + 1
        return int(first), (int(second) if second else None) if comma else int(first)

    def _next(self) -> str:
        self.at += 1
        return self.pattern[self.at - 1]

    def _take(self, text: str) -> bool:
        if not self.pattern.startswith(text, self.at):
            return False
        self.at += len(text)
        return True


def _one(character: str) -> Ranges:
    return ((ord(character), ord(character)),)


def _without(taken: Ranges) -> Ranges:
    """Return the characters of a small choice that are in none of the ranges."""
    points = [point for low, high in _EVERYTHING for point in range(low, high + 1)]
    return tuple((each, each) for each in points if not any(low <= each <= high for low, high in taken))
