"""The only way in which a contract's text enters source: Python's, and SQL's."""

import math
import re
import textwrap
import unicodedata
from typing import Final

_DOCSTRING_WIDTH: Final = 96
# Hexadecimal digits of an escape, and its letter.
_ESCAPES: Final = ((2, "x"), (4, "u"), (8, "U"))
# What may stand in a raw string as it is: visible ASCII without quotes, with no backslash at the end.
_RAW: Final = re.compile(r"[!#-&(-~ ]*[!#-&(-\[\]-~ ]")
# Quotes that would end a docstring, or be read together with those around it.
_QUOTES: Final = re.compile(r'\A"+|"{3,}|"+\Z')
# Categories that a reader of the source cannot see, or that reorder what is seen: controls, formats
# (bidirectional marks among them), surrogates, private and unassigned characters, line separators.
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# What names of a registry are made of: nothing that SQL gives a meaning inside of quotes.
_SQL_TEXT: Final = re.compile(r"[A-Za-z0-9_.]+")
_SQL_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")


def literal(value: object) -> str:
    """Return the Python source of a JSON scalar, on one line and in visible characters only.

    Raises:
        TypeError: ``value`` is not a string, finite number, boolean or ``None``.
    """
    if value is None or isinstance(value, bool | int):
        return repr(value)
    if isinstance(value, float) and math.isfinite(value):
        return repr(value)
    if isinstance(value, str):
        return _quoted(value)
    raise TypeError(f"{type(value).__name__} has no literal form")


def sql_text(text: str) -> str:
    """Return a string constant of SQL.

    Raises:
        ValueError: the text has a character that no name of a registry has.
    """
    if _SQL_TEXT.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no name of a registry")
    return f"'{text}'"


def sql_name(name: str) -> str:
    """Return the name of a role or policy; all of them begin so that none is a word of SQL.

    Raises:
        ValueError: it would have to be quoted.
    """
    if _SQL_NAME.fullmatch(name) is None:
        raise ValueError(f"{name!r} is no name of a role")
    return name


def docstring(text: str, indent: int = 4) -> str:
    """Return ``text`` as a docstring to stand at ``indent``, wrapped where it is long."""
    paragraphs = [_wrapped(line, indent) for line in text.strip().split("\n")]
    body = _escaped("\n".join(line.rstrip() for line in paragraphs))
    pad = " " * indent
    if "\n" not in body:
        return f'"""{body}"""'
    first, *rest = body.split("\n")
    tail = "".join(f"\n{pad}{line}" if line else "\n" for line in rest)
    return f'"""{first}{tail}\n{pad}"""'


def _quoted(text: str) -> str:
    if "\\" in text and _RAW.fullmatch(text):
        return f'r"{text}"'
    # As black does: the quotes that need fewer escapes, double ones where both need as many.
    quote = "'" if text.count('"') > text.count("'") else '"'
    body = text.replace("\\", "\\\\").replace(quote, f"\\{quote}")
    return f"{quote}{_all_visible(body)}{quote}"


def _escaped(text: str) -> str:
    """Escape what would end a docstring or change its meaning; line breaks stay."""
    body = text.replace("\\", "\\\\")
    body = _QUOTES.sub(lambda found: found.group().replace('"', '\\"'), body)
    return "\n".join(map(_all_visible, body.split("\n")))


def _all_visible(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text  # nearly every text
    return "".join(map(_visible, text))


def _visible(character: str) -> str:
    if unicodedata.category(character) not in _INVISIBLE:
        return character
    code = ord(character)
    if character in "\n\r\t":
        return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}[character]
    width, mark = next(each for each in _ESCAPES if code < 16 ** each[0])
    return f"\\{mark}{code:0{width}x}"


def _wrapped(line: str, indent: int) -> str:
    width = _DOCSTRING_WIDTH - indent
    if len(line) + 6 <= width:
        return line
    return textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False)
