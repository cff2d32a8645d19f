"""Where the entries of an array of tables stand in a TOML file.

No parser of TOML that is kept up tells positions. So each place where a table may begin gets a mark, a key
with its offset as the value, and tomllib tells which of the marks is in which entry.
"""

import re
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from sguild_codegen.reader.locating import report_path
from sguild_codegen.report.finding import Place

_MARK: Final = "sguild-codegen-offset"
_INLINE: Final = re.compile(r"\{(?!\s*\})")


def entry_places(path: Path, keys: Sequence[str], count: int) -> list[Place]:
    """Return where each of the ``count`` entries of the array that ``keys`` lead to begins.

    One that is written in an unusual way, such as with escapes in the keys of its header, has no line.
    """
    text = path.read_text(encoding="utf-8")
    found = [Place(path=report_path(path), message="")] * count
    for index, offset in _offsets(text, keys):
        line, start = text.count("\n", 0, offset) + 1, text.rfind("\n", 0, offset) + 1
        source = text[start:].partition("\n")[0]
        found[index] = Place(
            path=report_path(path), message="", line=line, column=offset - start + 1, source=source
        )
    return found


def _offsets(text: str, keys: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield the index and the offset of each entry that is found."""
    try:
        value: Any = tomllib.loads(_marked(text, keys[-1]))
    except tomllib.TOMLDecodeError:  # a mark went into an array that looks like a header
        return
    for key in keys:
        value = value[key]
    yield from ((index, each[_MARK]) for index, each in enumerate(value) if _MARK in each)


def _marked(text: str, key: str) -> str:
    """Return the text with a mark in each table; in texts and comments it does no harm."""
    header = re.compile(rf"^[ \t]*(\[\[[^\[\]\n]*{re.escape(key)}[^\[\]\n]*\]\]).*$", re.MULTILINE)
    marks = [(each.end(), f" {_MARK} = {each.start()}, ") for each in _INLINE.finditer(text)]
    marks += [(each.end(), f"\n{_MARK} = {each.start(1)}") for each in header.finditer(text)]
    parts: list[str] = []
    done = 0
    for offset, mark in sorted(marks):
        parts += [text[done:offset], mark]
        done = offset
    return "".join((*parts, text[done:]))
