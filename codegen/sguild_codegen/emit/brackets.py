"""Long lines of a simple form, split as black splits them; black itself takes a millisecond for each.

The forms are ``from … import …``, ``class …:`` and ``def …:``: one pair of brackets, which opens behind the
name, holds what is split. Whatever is not as simple is left to black.
"""

import re
from collections.abc import Iterator
from typing import Final

_IMPORT: Final = re.compile(r"( *)(from [\w.]+ import )(\w+(?:, \w+)*)")
_HEAD: Final = re.compile(r"( *)(?:class|def|async def) \w+\(")
_INDENT: Final = "    "
_PAIRS: Final = {"(": 1, "[": 1, ")": -1, "]": -1}
# Strings with escapes or braces, and other brackets, are not as simple as they look.
_NOT_SIMPLE: Final = re.compile(r"[\\{}'#*/]")
_STRING: Final = re.compile(r'"[^"]*"')


def split_at_brackets(line: str, width: int) -> str | None:
    """Return the line split at its brackets, ``None`` where only black can say how."""
    found = _IMPORT.fullmatch(line)
    if found:
        indent, head, names = found.groups()
        return _joined(indent, f"{head}(", names.split(", "), ")", width)
    head_match = _HEAD.match(line)
    if head_match is None or _NOT_SIMPLE.search(line):
        return None
    body, tail = _body_and_tail(line[head_match.end() :])
    items = list(_items(body))
    if not line.endswith(":") or len(items) == 1:
        return None
    indent = head_match[1]
    if len(f"{indent}{_INDENT}{body}") <= width and len(f"{indent}{tail}") <= width:
        return f"{head_match[0]}\n{indent}{_INDENT}{body}\n{indent}{tail}"
    return _joined(indent, head_match[0], items, tail, width)


def _joined(indent: str, head: str, items: list[str], tail: str, width: int) -> str | None:
    """Put each item on a line of its own, if all lines are short enough then."""
    lines = [
        f"{indent}{head.lstrip()}",
        *(f"{indent}{_INDENT}{each}," for each in items),
        f"{indent}{tail}",
    ]
    return "\n".join(lines) if max(map(len, lines)) <= width else None


def _body_and_tail(rest: str) -> tuple[str, str]:
    """Return what stands before and from the bracket on that closes the first one."""
    depth = 1
    for at, character in enumerate(_without_strings(rest)):
        depth += _PAIRS.get(character, 0)
        if depth == 0:
            return rest[:at], rest[at:]
    return "", ""


def _items(body: str) -> Iterator[str]:
    """Yield what stands between the commas that are in no brackets of their own."""
    depth, start = 0, 0
    for at, character in enumerate(_without_strings(body)):
        depth += _PAIRS.get(character, 0)
        if character == "," and depth == 0:
            yield body[start:at]
            start = at + 2
    yield body[start:]


def _without_strings(text: str) -> str:
    return _STRING.sub(lambda found: "_" * len(found.group()), text)
