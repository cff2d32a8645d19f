"""Documents that differ from a given one in one place: 1.0 or true for 1, null, absent, extra, one more."""

from collections.abc import Callable, Iterable, Iterator
from copy import copy
from typing import Any, Final

from sguild_dispatcher.testing.documents.leaves import kind_of
from sguild_dispatcher.testing.documents.library import Json
from sguild_dispatcher.testing.documents.sources import Source
from sguild_dispatcher.testing.documents.words import JUNK

_LARGEST: Final = 2**60


def changed(document: Json, source: Source) -> Json:
    """Return the document with another value in one place."""
    places = list(_places(document))
    place = places[source.below(len(places))]
    value = document
    for step in place:
        value = value[step]
    others = [*_near(value)] if source.below(2) == 0 else []
    others = others or [*JUNK]
    return _replaced(document, place, others[source.below(len(others))])


def _places(value: Json) -> Iterator[tuple[str | int, ...]]:
    yield ()
    for step, each in _members(value):
        yield from ((step, *rest) for rest in _places(each))


def _members(value: Json) -> Iterable[tuple[Any, Json]]:
    steps = value if kind_of(value) == "object" else range(len(value)) if kind_of(value) == "array" else ()
    return [(step, value[step]) for step in steps]


def _replaced(value: Json, place: tuple[str | int, ...], new: Json) -> Json:
    if not place:
        return new
    step, *rest = place
    copied = copy(value)
    copied[step] = _replaced(value[step], tuple(rest), new)
    return copied


def _near(value: Json) -> Iterator[Json]:
    near: dict[str, Callable[[Any], Iterator[Json]]] = {
        "boolean": _booleans_near,
        "number": _numbers_near,
        "string": _texts_near,
        "array": _arrays_near,
        "object": _objects_near,
    }
    yield from near[kind_of(value)](value) if value is not None else ()


def _booleans_near(value: bool) -> Iterator[Json]:
    yield from (int(value), float(value), str(value).lower(), not value)


def _numbers_near(value: float) -> Iterator[Json]:
    yield from (value + 1, value - 1, -value, value + 0.5, str(value), value == 1)
    yield from (float(value), int(value)) if abs(value) < _LARGEST else ()


def _texts_near(value: str) -> Iterator[Json]:
    yield from (f"{value}\n", f" {value}", value.upper(), value.lower(), value[1:], f"{value}x")
    yield from (value.replace("T", " "), value.replace("Z", "z"), value.replace("-", "_"), [value])


def _arrays_near(value: list[Json]) -> Iterator[Json]:
    yield from ([*value, *value], value[:-1], [*value, None], [], value * 25)
    yield from ([*value, f"{value[-1]}z"], [*value, 77], [*value, True]) if value else ()


def _objects_near(value: dict[str, Json]) -> Iterator[Json]:
    yield from ({name: each for name, each in value.items() if name != left} for left in value)
    others = [*value.values(), 1, "a", None]
    yield from ({**value, name: others[0]} for name in ("extra", "zz", ""))
    yield from ({**value, "class_": each} for each in others[-3:])
