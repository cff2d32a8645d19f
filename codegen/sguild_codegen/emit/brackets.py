"""Long lines of a simple form, split as black splits them; black itself takes a millisecond for each.

The forms are ``from … import …``, ``class …:``, ``def …:`` and ``… = Literal[…]``: one pair of brackets holds
what is split. Whatever is not as simple is left to black.
"""

import re
from collections.abc import Iterator
from typing import Final

_IMPORT: Final = re.compile(r"( *)(from [\w.]+ import )(\w+(?:, \w+)*)")
_HEAD: Final = re.compile(r"( *)(?:(?:class|def|async def) \w+\(|\w+ = Literal\[)")
_INDENT: Final = "    "
_PAIRS: Final = {"(": 1, "[": 1, ")": -1, "]": -1}
_STRING: Final = re.compile(r"""r?"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'""")
_NOT_SIMPLE: Final = re.compile(r"""[{}#*/"']""")


def split_at_brackets(line: str, width: int) -> str | None:
    """Return the line split at its brackets, ``None`` where only black can say how."""
    found = _IMPORT.fullmatch(line)
    if found:
        indent, head, names = found.groups()
        return _joined(indent, f"{head}(", names.split(", "), ")", width)
    opened = _HEAD.match(line)
    # The same line with other letters in its strings, so that no bracket or comma in there counts.
    plain = _STRING.sub(lambda string: "_" * len(string.group()), line)
    if opened is None or _NOT_SIMPLE.search(plain) or not line.endswith((":", "]")):
        return None
    return _split(line, plain, opened.end(), opened[1], width)


def _split(line: str, plain: str, start: int, indent: str, width: int) -> str | None:
    end = _closing(plain, start)
    items = [line[first:last] for first, last in _items(plain, start, end)]
    if len(items) == 1:
        return None  # black gives a single item a comma of its own, or none
    head, body, tail = line[:start], line[start:end], line[end:]
    if max(len(head), len(f"{indent}{_INDENT}{body}"), len(f"{indent}{tail}")) <= width:
        return f"{head}\n{indent}{_INDENT}{body}\n{indent}{tail}"
    return _joined(indent, head, items, tail, width)


def _joined(indent: str, head: str, items: list[str], tail: str, width: int) -> str | None:
    """Put each item on a line of its own, if all lines are short enough then."""
    lines = [
        f"{indent}{head.lstrip()}",
        *(f"{indent}{_INDENT}{each}," for each in items),
        f"{indent}{tail}",
    ]
    return "\n".join(lines) if max(map(len, lines)) <= width else None


def _closing(plain: str, start: int) -> int:
    """Return where the bracket closes that is open at ``start``."""
    depth = 1
    for at in range(start, len(plain)):
        depth += _PAIRS.get(plain[at], 0)
        if depth == 0:
            return at
    return start


def _items(plain: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the places between the commas that are in no brackets of their own."""
    depth = 0
    for at in range(start, end):
        depth += _PAIRS.get(plain[at], 0)
        if plain[at] == "," and depth == 0:
            yield start, at
            start = at + 2
    yield start, end
