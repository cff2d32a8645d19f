"""Text of a contract, made harmless for terminals, logs and source code."""

import json
import unicodedata
from typing import Final

# Categories that a reader cannot see, or that reorder what is seen: controls, formats (bidirectional marks
# and zero-width characters among them), surrogates, private and unassigned ones, line separators.
INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_SHOWN_LENGTH: Final = 80


def is_visible(character: str) -> bool:
    """Tell whether the character shows, and shows where it stands."""
    return unicodedata.category(character) not in INVISIBLE


def escaped(character: str) -> str:
    r"""Return the character as Python source writes it in a string: ``\x1b``, ``\u202e``."""
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def visible(text: str) -> str:
    """Return ``text`` on one line, with every invisible character as an escape sequence."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(each if is_visible(each) else escaped(each) for each in text)


def visible_lines(text: str) -> str:
    """Return ``text`` on its lines, with every other invisible character as an escape sequence."""
    return "\n".join(map(visible, text.split("\n")))


def shown(value: object) -> str:
    """Return a JSON value as it stands in a message: as JSON, on one line, cut where it is long."""
    text = in_full(value)
    if len(text) <= _SHOWN_LENGTH:
        return text
    return f"{text[: _SHOWN_LENGTH - 2]}…{text[-1]}"


def in_full(value: object) -> str:
    """Return a JSON value as :func:`shown` does, however long: for what a reader is to copy."""
    return as_json(value)


def as_json(value: object, indent: int | None = None) -> str:
    r"""Return a JSON value as JSON that can be read and copied: what does not show is written ``\u202e``."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return "".join(each if each == "\n" or is_visible(each) else _json_escaped(each) for each in text)


def _json_escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))
