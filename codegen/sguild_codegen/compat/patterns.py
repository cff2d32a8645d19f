"""ECMA-262 patterns (with the flag ``u``) as automata.

What a regular language cannot say (look-around, back-references, word boundaries) is refused by name: a
comparison that meets it is undecided.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from sguild_codegen.compat.characters import (
    ANY,
    DIGIT,
    LINE_ENDS,
    SPACE,
    WORD,
    Ranges,
    complement,
    single,
    union,
)
from sguild_codegen.compat.undecided import Undecided

_MOST_STATES: Final = 20_000
_CLASSES: Final[dict[str, Ranges]] = {"d": DIGIT, "w": WORD, "s": SPACE}
_CONTROLS: Final = {"t": "\t", "n": "\n", "r": "\r", "v": "\v", "f": "\f", "0": "\0"}
_SYNTAX: Final = frozenset("^$\\.*+?()[]{}|/-")
_HEXADECIMAL: Final = frozenset("0123456789abcdefABCDEF")


@dataclass(slots=True)
class Automaton:
    """States with edges for characters, for nothing, and for the start or the end of the text."""

    empty: list[list[int]] = field(default_factory=list[list[int]])
    at_start: list[list[int]] = field(default_factory=list[list[int]])
    at_end: list[list[int]] = field(default_factory=list[list[int]])
    characters: list[list[tuple[Ranges, int]]] = field(default_factory=list[list[tuple[Ranges, int]]])
    first: int = 0
    last: int = 0

    def state(self) -> int:
        """Add a state and return its number."""
        if len(self.empty) >= _MOST_STATES:
            raise Undecided("a pattern has too many states")
        for edges in (self.empty, self.at_start, self.at_end, self.characters):
            edges.append([])
        return len(self.empty) - 1

    def reversed(self) -> "Automaton":
        """Return the automaton of the same texts read from their ends."""
        found = Automaton(first=self.last, last=self.first)
        for _ in self.empty:
            found.state()
        turned = (self.empty, found.empty), (self.at_start, found.at_end), (self.at_end, found.at_start)
        for edges, others in turned:
            for state, targets in enumerate(edges):
                for target in targets:
                    others[target].append(state)
        for state, steps in enumerate(self.characters):
            for ranges, target in steps:
                found.characters[target].append((ranges, state))
        return found


@lru_cache(maxsize=1_000)
def automaton(pattern: str) -> Automaton:
    """Return the automaton of a pattern; it accepts a match, not yet a text that holds one.

    Raises:
        Undecided: the pattern is no regular expression, or not one of a regular language.
    """
    reader = _Reader(pattern)
    found = reader.built
    found.first, found.last = reader.alternatives()
    if reader.at < len(pattern):
        raise Undecided(f"the pattern {pattern!r} has a ) that nothing opens")
    return found


@dataclass(slots=True)
class _Reader:
    pattern: str
    at: int = 0
    built: Automaton = field(default_factory=Automaton)

    def alternatives(self) -> tuple[int, int]:
        branches = [self.sequence()]
        while self.taken("|"):
            branches.append(self.sequence())
        if len(branches) == 1:
            return branches[0]
        first, last = self.built.state(), self.built.state()
        for start, end in branches:
            self.built.empty[first].append(start)
            self.built.empty[end].append(last)
        return first, last

    def sequence(self) -> tuple[int, int]:
        first = last = self.built.state()
        while self.at < len(self.pattern) and self.pattern[self.at] not in "|)":
            start, end = self.repeated()
            self.built.empty[last].append(start)
            last = end
        return first, last

    def repeated(self) -> tuple[int, int]:
        begin = self.at
        part = self.term()
        bounds = self.quantifier()
        if bounds is None:
            return part
        least, most = bounds
        after = self.at

        def again() -> tuple[int, int]:
            self.at = begin
            return self.term()

        repeated = self.copies(part, again, least, most)
        self.at = after
        return repeated

    def copies(
        self, part: tuple[int, int], again: Callable[[], tuple[int, int]], least: int, most: int | None
    ) -> tuple[int, int]:
        first = last = self.built.state()
        unused: tuple[int, int] | None = part
        for index in range(least if most is None else most):
            start, end = unused or again()
            unused = None
            self.built.empty[last].append(start)
            if index >= least:
                self.built.empty[last].append(end)
            last = end
        if most is None:
            start, end = unused or again()
            loop = self.built.state()
            self.built.empty[last].append(loop)
            self.built.empty[loop].append(start)
            self.built.empty[end].append(loop)
            last = loop
        return first, last

    def term(self) -> tuple[int, int]:
        character = self.pattern[self.at]
        if character in "^$":
            self.at += 1
            first, last = self.built.state(), self.built.state()
            (self.built.at_start if character == "^" else self.built.at_end)[first].append(last)
            return first, last
        if character == "(":
            return self.group()
        return self.one_of(self.character_set(character))

    def one_of(self, ranges: Ranges) -> tuple[int, int]:
        first, last = self.built.state(), self.built.state()
        self.built.characters[first].append((ranges, last))
        return first, last

    def character_set(self, character: str) -> Ranges:
        if character == "[":
            return self.bracket()
        if character == "\\":
            return self.escape(in_bracket=False)
        if character in "*+?{}])":
            raise self.invalid()
        self.at += 1
        return complement(LINE_ENDS) if character == "." else single(character)

    def group(self) -> tuple[int, int]:
        self.at += 1
        if self.taken("?"):
            if self.taken("<") and self.pattern[self.at : self.at + 1] not in ("=", "!"):
                self.at = self.pattern.find(">", self.at) + 1
                if self.at == 0:
                    raise self.invalid()
            elif not self.taken(":"):
                around = self.pattern[self.at - 1 : self.at + 1] in ("?=", "?!", "<=", "<!")
                raise Undecided(f"the pattern {self.pattern!r} {'looks around' if around else 'sets flags'}")
        inner = self.alternatives()
        if not self.taken(")"):
            raise self.invalid()
        return inner

    def quantifier(self) -> tuple[int, int | None] | None:
        bounds = self.bounds()
        if bounds is not None:
            self.taken("?")  # lazy or not, the language is the same
        return bounds

    def bounds(self) -> tuple[int, int | None] | None:
        for sign, bounds in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self.taken(sign):
                return bounds
        if not self.taken("{"):
            return None
        end = self.pattern.find("}", self.at)
        low, comma, high = self.pattern[self.at : end].partition(",")
        if end < 0 or not (low + high).isascii() or not low.isdigit() or (high and not high.isdigit()):
            raise self.invalid()
        self.at = end + 1
        return int(low), (int(high) if high else None) if comma else int(low)

    def bracket(self) -> Ranges:
        self.at += 1
        negated = self.taken("^")
        found: list[tuple[int, int]] = []
        while not self.taken("]"):
            low = self.member()
            if self.pattern[self.at : self.at + 1] == "-" and self.pattern[self.at + 1 : self.at + 2] != "]":
                self.at += 1
                high = self.member()
                if len(low) != 1 or low[0][0] != low[0][1] or len(high) != 1 or high[0][0] < low[0][0]:
                    raise self.invalid()
                low = ((low[0][0], high[0][1]),)
            found += low
        return complement(union(found)) if negated else union(found)

    def member(self) -> Ranges:
        if self.at >= len(self.pattern):
            raise self.invalid()
        if self.pattern[self.at] == "\\":
            return self.escape(in_bracket=True)
        self.at += 1
        return single(self.pattern[self.at - 1])

    def escape(self, *, in_bracket: bool) -> Ranges:
        letter = self.pattern[self.at + 1 : self.at + 2]
        self.at += 2
        if letter.lower() in _CLASSES:
            ranges = _CLASSES[letter.lower()]
            return complement(ranges) if letter.isupper() else ranges
        if letter in _CONTROLS:
            return single(_CONTROLS[letter])
        if letter in ("x", "u"):
            return self.code(letter)
        if letter == "c":
            return self.control()
        if letter == "b" and in_bracket:
            return single("\b")
        if letter in _SYNTAX:
            return single(letter)
        if letter and letter in "bBk123456789pP":
            raise Undecided(f"the pattern {self.pattern!r} holds \\{letter}")
        raise self.invalid()

    def control(self) -> Ranges:
        letter = self.pattern[self.at : self.at + 1]
        if not (letter.isascii() and letter.isalpha()):
            raise self.invalid()
        self.at += 1
        return single(chr(ord(letter) % 32))

    def code(self, letter: str) -> Ranges:
        if letter == "u" and self.taken("{"):
            end = self.pattern.find("}", self.at)
            digits, self.at = self.pattern[self.at : end], end + 1
        else:
            length = 2 if letter == "x" else 4
            digits, self.at = self.pattern[self.at : self.at + length], self.at + length
        if not digits or not _HEXADECIMAL.issuperset(digits) or int(digits, 16) > ANY[-1][1]:
            raise self.invalid()
        return ((int(digits, 16), int(digits, 16)),)

    def taken(self, text: str) -> bool:
        if self.pattern.startswith(text, self.at):
            self.at += len(text)
            return True
        return False

    def invalid(self) -> Undecided:
        return Undecided(f"{self.pattern!r} is no regular expression (character {self.at + 1})")
