r"""A schema in a form that jsonschema reads as it is meant: Python's patterns are not those of ECMA-262.

In Python ``$`` matches before a last line break, ``\d`` and ``\w`` know all scripts, and ``\cJ`` is an error.
A definition whose ``allOf`` holds a reference to itself says nothing by it, but would never come to an end.
"""

from collections.abc import Iterator
from typing import Any, Final

from sguild_codegen.compat.characters import SPACE
from sguild_codegen.compat.resolving import LISTED, NAMED, SINGLE, Json, flattened, is_array, is_object

_SPACES: Final = "".join(f"\\u{low:04x}-\\u{high:04x}" for low, high in SPACE)
_MEMBERS: Final = {"d": "0-9", "w": "0-9A-Za-z_", "s": _SPACES}


def portable(schema: Json) -> Json:
    """Return the schema with references by pointer, patterns in Python's dialect, and no idle loop.

    Raises:
        Undecided: a reference leads nowhere.
    """
    flat = _rewritten(flattened(schema))
    if is_object(flat):
        for name, definition in flat.get("$defs", {}).items():
            _cut_loop(definition, f"#/$defs/{name}")
    return flat


def python_pattern(pattern: str) -> str:
    """Return an ECMA-262 pattern in the dialect of Python's ``re``."""
    return "".join(_pieces(pattern))


def _pieces(pattern: str) -> Iterator[str]:
    at, in_brackets = 0, False
    while at < len(pattern):
        character = pattern[at]
        if character == "\\":
            piece, at = _escape(pattern, at + 1, in_brackets=in_brackets)
            yield piece
            continue
        if pattern.startswith("(?<", at) and pattern[at + 3 : at + 4] not in ("=", "!"):
            yield "(?:"
            at = pattern.find(">", at) + 1
            continue
        if in_brackets:
            in_brackets = character != "]"
            yield f"\\{character}" if character in "[&~|" else character
        else:
            in_brackets = character == "["
            yield {"$": "\\Z", ".": "[^\\n\\r\\u2028\\u2029]"}.get(character, character)
        at += 1


def may_not_end(pattern: str) -> bool:
    """Tell whether Python's ``re`` may try exponentially many ways: something varies inside a repetition."""
    varies, at = [False], 0
    while at < len(pattern):
        character = pattern[at]
        if character == "\\":
            at += 1
        elif character == "[":
            at = _end_of_brackets(pattern, at)
        elif character == "(":
            varies.append(False)
        elif character == ")" and len(varies) > 1:
            inner = varies.pop()
            if inner and pattern[at + 1 : at + 2] in ("*", "+", "{"):
                return True
            varies[-1] |= inner
        elif character in "*+{|" or (character == "?" and pattern[at - 1 : at] != "("):
            varies[-1] = True
        at += 1
    return False


def _end_of_brackets(pattern: str, at: int) -> int:
    """Return the index of the ``]`` that closes what begins at an index."""
    while at < len(pattern) and pattern[at] != "]":
        at += 2 if pattern[at] == "\\" else 1
    return at


def _escape(pattern: str, at: int, *, in_brackets: bool) -> tuple[str, int]:
    """Return the escape that begins before ``at`` in Python's dialect, and where the next piece begins."""
    letter = pattern[at : at + 1]
    if letter.lower() in _MEMBERS:
        members = _MEMBERS[letter.lower()]
        if letter.islower():
            return members if in_brackets else f"[{members}]", at + 1
        return (f"\\{letter}" if in_brackets else f"[^{members}]"), at + 1
    if letter == "c":
        return f"\\x{ord(pattern[at + 1]) % 32:02x}", at + 2
    if pattern.startswith("u{", at):
        end = pattern.find("}", at)
        return f"\\U{int(pattern[at + 2 : end], 16):08x}", end + 1
    return (f"\\{letter}" if letter not in "/-" or in_brackets else letter), at + 1


def _rewritten(schema: Json) -> Json:
    if not is_object(schema):
        return schema
    found: dict[str, Any] = {}
    for name, value in schema.items():
        if name == "pattern" and isinstance(value, str):
            found[name] = python_pattern(value)
        elif name in NAMED and is_object(value):
            rename = python_pattern if name == "patternProperties" else str
            found[name] = {rename(key): _rewritten(each) for key, each in value.items()}
        elif name in LISTED and is_array(value):
            found[name] = [_rewritten(each) for each in value]
        else:
            found[name] = _rewritten(value) if name in SINGLE else value
    return found


def _cut_loop(definition: Json, reference: str) -> None:
    if not is_object(definition):
        return
    if definition.get("$ref") == reference:
        del definition["$ref"]
    for each in definition.get("allOf", ()):
        _cut_loop(each, reference)
