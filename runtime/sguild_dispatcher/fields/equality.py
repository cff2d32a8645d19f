"""Equality as JSON Schema defines it, for values that a model holds."""

from collections.abc import Hashable, Mapping, Sequence
from datetime import date, datetime
from functools import singledispatch
from typing import Any

from pydantic import MISSING, BaseModel

from sguild_dispatcher.fields.datetimes import written
from sguild_dispatcher.fields.numbers import exact


def all_different(items: Sequence[object]) -> bool:
    """Tell whether no two items are the same JSON value (``uniqueItems``)."""
    if all(issubclass(each, str) for each in set(map(type, items))):
        return len(set(items)) == len(items)
    return len({json_key(item) for item in items}) == len(items)


@singledispatch
def json_key(value: object) -> Hashable:
    """Return a key that two values share if and only if they are the same JSON value.

    Python's own equality is not that: there ``True == 1``, and two spellings of one moment are equal.

    Raises:
        TypeError: no JSON value is held as this type.
    """
    raise TypeError(f"{type(value).__name__} is not a JSON value.")


@json_key.register(bool)
@json_key.register(type(None))
def _(value: bool | None) -> Hashable:
    return ("literal", value)


@json_key.register(int)
@json_key.register(float)
def _(value: float) -> Hashable:
    return ("number", exact(value))


@json_key.register
def _(value: str) -> Hashable:
    return ("string", str(value))


@json_key.register
def _(value: datetime) -> Hashable:
    return ("string", written(value))


@json_key.register
def _(value: date) -> Hashable:
    return ("string", value.isoformat())


@json_key.register
def _(value: BaseModel) -> Hashable:
    return json_key(value.model_dump(by_alias=True))


@json_key.register(Mapping)
def _(value: Mapping[str, Any]) -> Hashable:
    return (
        "object",
        frozenset((name, json_key(each)) for name, each in value.items() if each is not MISSING),
    )


@json_key.register(list)
@json_key.register(tuple)
def _(value: Sequence[Any]) -> Hashable:
    return ("array", tuple(json_key(each) for each in value))
