"""Text from contracts that stays text in Markdown.

Markdown is rendered twice: by a parser, and by a service that turns names (``@everyone``), numbers (``#1``),
hashes and addresses in the rendered text into links. Both leave code alone. So whatever is not a plain word
becomes code, and no text of a contract is ever anything else.
"""

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Final

from sguild_codegen.report.safe import as_json, visible

# Letters, or digits, with the marks of a sentence around them. A row of seven of a-f or 0-9 may be a commit.
_WORD: Final = re.compile(r"(?![a-f]{7,}\b)\(?(?:[^\W\d_]+(?:['-][^\W\d_]+)*|\d{1,6})[,.;:!?)]{0,2}")
_MARKS: Final = ",.;:"
_QUOTED: Final = re.compile(r'"([^"]+)"')
_FENCE: Final = re.compile(r"`{3,}")
_NOT_IN_TICKS: Final = re.compile(r"[`|\\]|^\s|\s$|^$")
_MARKUP: Final = re.compile(r"[^\w ]|_", re.ASCII)


def code(text: str) -> str:
    """Return text as inline code, for a paragraph or a cell of a table."""
    shown = visible(text)
    return html_code(shown) if _NOT_IN_TICKS.search(shown) else f"`{shown}`"


def html_code(text: str) -> str:
    """Return text as an HTML element, for what is no Markdown or where backticks and bars would not do."""
    return f"<code>{_MARKUP.sub(_reference, visible(text))}</code>"


def sentence(text: str) -> str:
    """Return a sentence of which everything but plain words is code; what is quoted is one piece of it."""
    outside, *others = _QUOTED.split(visible(text))
    pieces = [_plain(outside)]
    for quoted, after in zip(others[::2], others[1::2], strict=True):
        pieces += (code(quoted), _plain(after))
    return "".join(pieces)


def _plain(text: str) -> str:
    return " ".join(_runs(text.split(" ")))


def fenced(value: object) -> str:
    """Return a JSON value as a block of code, which nothing in it can close."""
    return fenced_text(as_json(value, indent=2), "json")


def fenced_text(document: str, language: str = "") -> str:
    """Return lines as a block of code, which nothing in them can close."""
    longest = max((len(each) for each in _FENCE.findall(document)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{document}\n{fence}"


def _runs(words: list[str]) -> Iterator[str]:
    for plain, run in groupby(words, lambda word: not word or _WORD.fullmatch(word) is not None):
        joined = " ".join(run)
        if plain:
            yield joined
        else:
            kept = joined.rstrip(_MARKS) or joined
            yield f"{code(kept)}{joined[len(kept) :]}"


def _reference(found: re.Match[str]) -> str:
    reference = f"&#{ord(found.group())};"
    # GitHub's parser makes a link of an email address even here; a comment parts it, and does not show.
    return f"{reference}<!---->" if found.group() == "@" else reference
