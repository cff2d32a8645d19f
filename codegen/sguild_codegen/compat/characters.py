"""Sets of characters as sorted ranges of code points, surrogates left out: they are in no JSON text."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, TypeAlias

Ranges: TypeAlias = tuple[tuple[int, int], ...]
"""Disjoint ranges of code points, both ends included, in ascending order."""

_LAST: Final = 0x10FFFF
_SURROGATES: Final = (0xD800, 0xDFFF)


def union(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """Return the ranges in order, joined where they meet."""
    found: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], high))
        else:
            found.append((low, high))
    return tuple(found)


def complement(ranges: Ranges) -> Ranges:
    """Return every other character."""
    found: list[tuple[int, int]] = []
    start = 0
    for low, high in union((*ranges, _SURROGATES)):
        if start < low:
            found.append((start, low - 1))
        start = high + 1
    if start <= _LAST:
        found.append((start, _LAST))
    return tuple(found)


def single(character: str) -> Ranges:
    """Return the set of one character."""
    return ((ord(character), ord(character)),)


ANY: Final = complement(())
DIGIT: Final[Ranges] = ((0x30, 0x39),)
WORD: Final[Ranges] = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
SPACE: Final = union(
    (ord(each), ord(each))
    for each in "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
LINE_ENDS: Final = union((ord(each), ord(each)) for each in "\n\r\u2028\u2029")
# Which character of a class stands for it in a witness: the most readable one.
_READABLE: Final = tuple(ord(each) for each in "ax0AZ9zb1_-. /:@+,")


@lru_cache(maxsize=1_000)
def classes(sets: frozenset[Ranges]) -> tuple[int, ...]:
    """Return one character of each class: no set tells characters of a class apart. Readable ones first."""
    cuts = sorted({0, *(cut for ranges in sets for low, high in ranges for cut in (low, high + 1))})
    found: dict[tuple[bool, ...], int] = {}
    ordered = list(sets)
    for code in (*_READABLE, *_candidates(cuts)):
        found.setdefault(tuple(contains(each, code) for each in ordered), code)
    return tuple(found.values())


def contains(ranges: Ranges, code: int) -> bool:
    """Tell whether a character is in the set."""
    index = bisect_right(ranges, (code, _LAST + 1)) - 1
    return index >= 0 and ranges[index][1] >= code


def _candidates(cuts: list[int]) -> Iterator[int]:
    """Yield a character of each stretch between cuts: a printable one of ASCII where there is one."""
    for low, high in zip(cuts, [*cuts[1:], _LAST + 1], strict=True):
        printable = range(max(low, 0x21), min(high, 0x7F))
        code = printable[0] if printable else low
        code = _SURROGATES[1] + 1 if _SURROGATES[0] <= code <= _SURROGATES[1] else code
        if code < high:
            yield code
