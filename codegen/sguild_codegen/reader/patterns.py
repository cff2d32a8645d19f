r"""Regular expressions on which ECMA-262, Rust and Python agree.

A pattern is parsed and written again: what the three read alike stays as it is, ``.`` ``\d`` ``\w`` ``\s``
(which differ) become the classes that ECMA-262 means, everything else is refused with a reason.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from sguild_codegen.reader import limits

# What ECMA-262 means: ASCII digits and word characters; its white space and line terminators.
_CLASSES: Final = {
    "d": "0-9",
    "w": "A-Za-z0-9_",
    "s": r"\t-\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff",
}
_ANY: Final = r"[^\n\r\u2028\u2029]"
_CONTROLS: Final = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v"}
_CONTROL_SPELLINGS: Final = {character: f"\\{letter}" for letter, character in _CONTROLS.items()}
_SYNTAX: Final = frozenset("^$\\.*+?()[]{}|/")
_SET_OPERATORS: Final = frozenset("&~|")  # twice in a row they mean something to Rust or to future Python
_HEX: Final = re.compile(r"x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}")
_BOUNDS: Final = re.compile(r"\{(\d+)(?:(,)(\d*))?\}")
_LAST_OF_FOUR_DIGITS: Final = 0xFFFF
_NESTING: Final = 50  # of groups
_WIDE: Final = 8  # states that one class of characters beyond ASCII takes in UTF-8


class PatternError(Exception):
    """The pattern is invalid at a position (counted from 1)."""

    def __init__(self, position: int, reason: str) -> None:
        super().__init__(f"{reason} at character {position}")
        self.position = position
        self.reason = reason


class PatternNotPortableError(PatternError):
    """The engines disagree on the pattern; ``way_out`` says what to write."""

    def __init__(self, position: int, reason: str, way_out: str) -> None:
        super().__init__(position, reason)
        self.way_out = way_out


class PatternTooLargeError(PatternError):
    """The pattern needs too much memory in any engine."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """A parsed part: its portable text, its size in states, and whether a repeat may follow."""

    text: str
    size: int
    repeatable: bool = True


@lru_cache(maxsize=1024)  # contracts repeat the patterns of their ids
def portable(pattern: str) -> str:
    """Return the spelling of a pattern that all three engines read alike.

    Raises:
        PatternError: the pattern is invalid.
        PatternNotPortableError: the engines disagree on it.
        PatternTooLargeError: it is too long, or its repeats multiply out to too many states.
    """
    if len(pattern) > limits.PATTERN_LENGTH:
        raise PatternTooLargeError(
            1, f"it has {len(pattern)} characters; the limit is {limits.PATTERN_LENGTH}"
        )
    parser = _Parser(pattern)
    piece = parser.alternatives()
    if parser.at < len(pattern):
        raise PatternError(parser.at + 1, "there is a ) without its (")
    _checked(piece.size, 1)
    return piece.text


@dataclass(slots=True)
class _Parser:
    pattern: str
    at: int = field(default=0)
    depth: int = field(default=0)

    def alternatives(self) -> _Piece:
        branches = [self._branch()]
        while self._take("|"):
            branches.append(self._branch())
        return _Piece("|".join(each.text for each in branches), sum(each.size for each in branches))

    def _branch(self) -> _Piece:
        pieces: list[_Piece] = []
        while self.at < len(self.pattern) and self.pattern[self.at] not in "|)":
            pieces.append(self._repeated(self._atom()))
        return _Piece("".join(each.text for each in pieces), sum(each.size for each in pieces))

    def _atom(self) -> _Piece:
        start = self.at
        character = self.pattern[start]
        self.at += 1
        match character:
            case "(":
                return self._group()
            case "[":
                return self._class()
            case "\\":
                return self._escape()
            case ".":
                return _Piece(_ANY, _WIDE)
            case "^" | "$":
                return _Piece(character, 1, repeatable=False)
            case "*" | "+" | "?" | "{":
                raise PatternError(start + 1, f"there is nothing that {character} could repeat")
            case "]" | "}":
                raise PatternError(start + 1, f"{character} has to be written as \\{character}")
            case _:
                return _Piece(_spelled(character), 1 if character.isascii() else _WIDE)

    def _group(self) -> _Piece:
        start = self.at
        opening = "("
        if self._take("?"):
            if not self._take(":"):
                raise self._group_extension(start)
            opening = "(?:"
        self.depth += 1
        if self.depth > _NESTING:
            raise PatternTooLargeError(start, f"its groups nest deeper than {_NESTING} levels")
        inner = self.alternatives()
        self.depth -= 1
        if not self._take(")"):
            raise PatternError(start, "there is a ( without its )")
        return _Piece(f"{opening}{inner.text})", inner.size + 1)

    def _group_extension(self, start: int) -> PatternError:
        rest = self.pattern[self.at :]
        if rest.startswith(("=", "!", "<=", "<!")):
            return PatternNotPortableError(start, "look-around", "say it with minLength, not or allOf")
        if rest.startswith(("<", "P")):
            return PatternNotPortableError(start, "a named group", "write (…)")
        return PatternNotPortableError(start, "a group extension", "write (…) or (?:…)")

    def _repeated(self, piece: _Piece) -> _Piece:
        start = self.at
        bounds = self._quantifier()
        if bounds is None:
            return piece
        if not piece.repeatable:
            raise PatternError(start + 1, "an anchor cannot be repeated")
        self._take("?")  # lazy: another way to the same answer
        if self.at < len(self.pattern) and self.pattern[self.at] in "*+?{":
            raise PatternError(self.at + 1, "there is nothing left to repeat")
        text = piece.text + self.pattern[start : self.at]
        size = piece.size * max(bounds, 1)
        return _Piece(text, _checked(size, start + 1))

    def _quantifier(self) -> int | None:
        """Read a quantifier and return how often it writes its atom out, ``None`` if there is none."""
        if self._take("*") or self._take("+") or self._take("?"):
            return 1
        if self.at >= len(self.pattern) or self.pattern[self.at] != "{":
            return None
        found = _BOUNDS.match(self.pattern, self.at)
        if found is None:
            raise PatternError(self.at + 1, "{ has to be written as \\{, or as {n}, {n,} or {n,m}")
        self.at = found.end()
        return _repeats(found)

    def _class(self) -> _Piece:
        start = self.at
        opening = "[^" if self._take("^") else "["
        members = _Members()
        while not self._take("]"):
            if self.at >= len(self.pattern):
                raise PatternError(start, "there is a [ without its ]")
            self._member(members)
        if not members.parts:
            raise PatternNotPortableError(start, "an empty class", "write a class with characters")
        wide = opening == "[^" or members.wide
        return _Piece(f"{opening}{members.text()}]", _WIDE if wide else 1)

    def _member(self, members: "_Members") -> None:
        start = self.at
        low = self._class_character()
        if low.code is None or not self._starts_range():
            members.parts.append(low.text)
            members.wide |= low.wide
            return
        self.at += 1
        high = self._class_character()
        if high.code is None:
            raise PatternError(start + 1, "a range has to end with a character")
        if high.code < low.code:
            raise PatternError(start + 1, "the range is out of order")
        members.parts.append("-".join("\\-" if each.text == "-" else each.text for each in (low, high)))
        members.wide |= low.wide or high.wide

    def _starts_range(self) -> bool:
        return self.pattern.startswith("-", self.at) and not self.pattern.startswith("-]", self.at)

    def _class_character(self) -> "_Character":
        if self.at >= len(self.pattern):
            raise PatternError(self.at, "there is a [ without its ]")
        character = self.pattern[self.at]
        self.at += 1
        if character == "\\":
            return self._class_escape()
        return _Character.of(character)

    def _class_escape(self) -> "_Character":
        kind = self.pattern[self.at : self.at + 1]
        if kind and kind in _CLASSES:
            self.at += 1
            return _Character(_CLASSES[kind], None, wide=kind == "s")
        if kind and kind.lower() in _CLASSES:
            raise PatternNotPortableError(self.at, f"\\{kind} in a class", "write the characters out")
        if kind == "-":
            self.at += 1
            return _Character.of("-")
        return _Character.of(self._escaped_character())

    def _escape(self) -> _Piece:
        kind = self.pattern[self.at : self.at + 1]
        if kind and kind in _CLASSES:
            self.at += 1
            return _Piece(f"[{_CLASSES[kind]}]", _WIDE if kind == "s" else 1)
        if kind and kind.lower() in _CLASSES:
            self.at += 1
            return _Piece(f"[^{_CLASSES[kind.lower()]}]", _WIDE)
        character = self._escaped_character()
        text = f"\\{character}" if character in _SYNTAX - {"/"} else _spelled(character)
        return _Piece(text, 1 if character.isascii() else _WIDE)

    def _escaped_character(self) -> str:
        """Read what comes after a backslash, if it stands for one character everywhere."""
        start = self.at
        kind = self.pattern[start : start + 1]
        if not kind:
            raise PatternError(start, "there is a \\ with nothing behind it")
        found = _HEX.match(self.pattern, start)
        self.at = start + 1 if found is None else found.end()
        if found is not None:
            return self._code_point(int(found.group()[1:], 16), start)
        if kind in _CONTROLS:
            return _CONTROLS[kind]
        if kind in _SYNTAX:
            return kind
        raise self._unknown_escape(kind, start)

    def _code_point(self, code: int, start: int) -> str:
        if 0xD800 <= code <= 0xDFFF:  # noqa: PLR2004 - the surrogates
            raise PatternNotPortableError(start, "half of a surrogate pair", "write the character itself")
        return chr(code)

    def _unknown_escape(self, kind: str, start: int) -> PatternError:
        if kind.isdigit():
            return PatternNotPortableError(start, f"the back-reference \\{kind}", "write the part out again")
        if kind in "bB":
            return PatternNotPortableError(start, f"the word boundary \\{kind}", "write the characters out")
        if kind in "pPk":
            return PatternNotPortableError(start, f"\\{kind}", "write a class such as [A-Za-z]")
        return PatternNotPortableError(start, f"the escape \\{kind}", "write the character itself")

    def _take(self, character: str) -> bool:
        if self.pattern.startswith(character, self.at):
            self.at += 1
            return True
        return False


@dataclass(slots=True)
class _Members:
    parts: list[str] = field(default_factory=list[str])
    wide: bool = field(default=False)

    def text(self) -> str:
        """Return the members, with a hyphen that stands for itself at the end, where all read it so."""
        hyphens = ["\\-"] if "-" in self.parts else []
        return "".join([*(each for each in self.parts if each != "-"), *hyphens])


@dataclass(frozen=True, slots=True)
class _Character:
    """A member of a class; ``code`` is ``None`` for a class inside the class, which starts no range."""

    text: str
    code: int | None
    wide: bool = False

    @classmethod
    def of(cls, character: str) -> "_Character":
        wide = not character.isascii()
        if character in "[]\\^":
            return cls(f"\\{character}", ord(character))
        if character in _SET_OPERATORS:
            return cls(f"\\x{ord(character):02x}", ord(character))
        return cls(_spelled(character), ord(character), wide)


def _spelled(character: str) -> str:
    """Return a character as all engines read it: invisible ones as an escape."""
    if character in _CONTROL_SPELLINGS:
        return _CONTROL_SPELLINGS[character]
    code = ord(character)
    return character if character.isprintable() or code > _LAST_OF_FOUR_DIGITS else f"\\u{code:04x}"


def _checked(size: int, position: int) -> int:
    if size > limits.PATTERN_SIZE:
        raise PatternTooLargeError(
            position, f"its repeats multiply out to more than {limits.PATTERN_SIZE} states"
        )
    return size


def _repeats(found: re.Match[str]) -> int:
    low, comma, high = found.groups()
    numbers = [int(each) for each in (low, high) if each]
    if max(numbers) > limits.PATTERN_REPEATS:
        raise PatternTooLargeError(found.start() + 1, f"it repeats more than {limits.PATTERN_REPEATS} times")
    if comma and high and numbers[0] > numbers[1]:
        raise PatternError(found.start() + 1, "the repeat is out of order")
    return max(numbers) + (1 if comma and not high else 0)
