"""Texts and numbers for a shape: readable ones, and now and then one at an edge."""

import math
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import Any, Final

from sguild_dispatcher.testing.documents.leaves import is_valid
from sguild_dispatcher.testing.documents.library import Json
from sguild_dispatcher.testing.documents.patterns import matching
from sguild_dispatcher.testing.documents.shapes import Shape
from sguild_dispatcher.testing.documents.sources import Contradiction, Source
from sguild_dispatcher.testing.documents.words import JUNK, SAMPLES, hints, of_format, words

_TRIES: Final = 12
_LONGEST: Final = 5_000
_SPAN: Final = 10
_FINEST: Final = 12
_LARGEST: Final = 10**400
_NUMBERS: Final = tuple(each for each in JUNK if isinstance(each, int | float) and not isinstance(each, bool))


def string(shape: Shape, source: Source, name: str = "") -> str:
    """Return a text for a shape; ``name`` is that of the property, if it is one's value.

    Raises:
        Contradiction: none was found.
    """
    schema = shape.leaf("string")
    found = [each for each in hints(name) if isinstance(each, str) and is_valid(schema, each)]
    if found and not source.unusual():
        return found[source.below(len(found))]
    for make in _makers(shape, source):
        text = make()
        if is_valid(schema, text):
            return text
    raise Contradiction


def _makers(shape: Shape, source: Source) -> Iterator[Callable[[], str]]:
    patterns = [each["pattern"] for each in shape.leaves if "pattern" in each]
    formats = [each["format"] for each in shape.leaves if "format" in each]
    rejected = [each[key] for each in shape.rejected for key in ("pattern", "format") if key in each]
    low, high = shape.limit("minLength", max, 0), shape.limit("maxLength", min, None)
    high = _LONGEST + low if high is None else high
    if low > high:
        raise Contradiction
    for _ in range(_TRIES):
        if rejected:
            yield lambda: _near_miss(rejected[source.below(len(rejected))], source)
        if formats:
            yield lambda: _formatted(formats[source.branch(len(formats))], source)
        elif patterns:
            yield lambda: _extended(matching(patterns[source.branch(len(patterns))], source), int(low))
        else:
            yield lambda: _free(int(low), int(high), source)
    yield from ((lambda each=each: each) for each in ("x", "", "null", "5"))


def _formatted(name: str, source: Source) -> str:
    if not source.unusual():
        return of_format(name, source)
    samples = SAMPLES.get(name, ("",))
    return samples[source.below(len(samples))]


def _near_miss(rule: str, source: Source) -> str:
    """Return a text that a pattern, or a format, may just not accept."""
    if rule in SAMPLES:
        return SAMPLES[rule][source.below(len(SAMPLES[rule]))]
    text = matching(rule, source)
    changes = (text[:-1], f"{text}x", text.upper(), f"{text}\n", f" {text}", text.replace("-", "_"), "")
    return changes[source.below(len(changes))]


def _extended(text: str, low: int) -> str:
    return text if len(text) >= low else text + text[-1:] * (low - len(text))


def _free(low: int, high: int, source: Source) -> str:
    if source.unusual():
        edges = (low, min(high, low + _LONGEST))
        pick = source.below(len(edges) + 1)
        return source.text(low, min(high, low + _SPAN)) if pick == len(edges) else _edge(edges[pick], source)
    text = words(source)
    while len(text) < low:
        text = f"{text} {words(source)}"
    return text if len(text) <= high else text.replace(" ", "")[:high].ljust(low, "a")


def _edge(length: int, source: Source) -> str:
    return ("a", "\U0001f600", "é")[source.below(3)] * length


def number(shape: Shape, kind: str, source: Source, name: str = "") -> Json:
    """Return a number for a shape; ``kind`` is ``integer`` or ``number``.

    Raises:
        Contradiction: none was found.
    """
    schema = shape.leaf(kind)
    if source.unusual():
        edges = [each for each in _edges(shape) if is_valid(schema, each)]
        if edges:
            return edges[source.below(len(edges))]
    found = [each for each in hints(name) if not isinstance(each, str) and is_valid(schema, each)]
    usual = found or [each for each in _usual(shape, kind) if is_valid(schema, each)]
    usual = usual or [each for each in _edges(shape) if is_valid(schema, each)]
    if not usual:
        raise Contradiction
    return usual[source.below(len(usual))]


def _usual(shape: Shape, kind: str) -> Iterator[Json]:
    """Yield numbers from the lower bound upwards (from the upper one downwards where there is no other)."""
    low, high = _bounds(shape)
    for step in _steps(shape, kind, low, high):
        if low is not None:
            first = math.ceil(low / step)
            multiples: Iterable[int] = range(first, first + _SPAN)
        elif high is not None:
            multiples = range(math.floor(high / step), math.floor(high / step) - _SPAN, -1)
        else:
            multiples = range(1, _SPAN)
        fitting = [each * step for each in multiples]
        yield from (_plain(each) for each in fitting)


def _steps(shape: Shape, kind: str, low: Fraction | None, high: Fraction | None) -> Iterator[Fraction]:
    """Yield the distances of candidates: the common multiple of ``multipleOf``, or ever finer ones."""
    given = [_exact(each["multipleOf"]) for each in shape.leaves if "multipleOf" in each]
    if given or kind == "integer":
        steps = [*given, *([Fraction(1)] if kind == "integer" else [])]
        scale = math.lcm(*(each.denominator for each in steps))
        yield Fraction(math.lcm(*(int(each * scale) for each in steps)), scale)
        return
    step = Fraction(1, 2)
    for _ in range(_FINEST):
        yield step
        if low is None or high is None or high - low > step:
            return
        step /= 10


def _bounds(shape: Shape) -> tuple[Fraction | None, Fraction | None]:
    lows = [each[key] for each in shape.leaves for key in ("minimum", "exclusiveMinimum") if key in each]
    highs = [each[key] for each in shape.leaves for key in ("maximum", "exclusiveMaximum") if key in each]
    return (_exact(max(lows)) if lows else None), (_exact(min(highs)) if highs else None)


def _edges(shape: Shape) -> list[Json]:
    """Return numbers next to the bounds, multiples, and such as few programs treat as they should."""
    bounds = [each[key] for each in shape.leaves for key in each if key.lower().endswith("imum")]
    steps = [each["multipleOf"] for each in (*shape.leaves, *shape.rejected) if "multipleOf" in each]
    near = [_exact(edge) + delta for edge in bounds for delta in (0, 1, -1, Fraction(1, 2), -Fraction(1, 2))]
    near += [_exact(step) * count for step in steps for count in (1, 0, -1, 3, 7, Fraction(1, 2))]
    near += [_exact(step) * 10**6 for step in steps]
    plain = [_plain(each) for each in near]
    floats = [float(each) for each in plain if abs(each) < 2**53 and float(each) == each]
    return [*plain, *floats, 5, 12, 1e2, 0.07, *_NUMBERS]


def _exact(value: Any) -> Fraction:
    return Fraction(repr(value))


def _plain(value: Fraction) -> Json:
    return int(value) if value.denominator == 1 else float(value)
