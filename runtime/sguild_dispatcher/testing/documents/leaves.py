"""What the validator says about single values, and when two values are the same as JSON."""

import json
from fractions import Fraction
from functools import lru_cache
from typing import Any

from jsonschema_rs import Draft202012Validator


def is_valid(schema: Any, value: Any) -> bool:
    """Tell whether a scalar satisfies a schema without references."""
    return _validator(json.dumps(schema)).is_valid(value)


@lru_cache(maxsize=4096)
def _validator(text: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads(text), validate_formats=True)


def same_json(left: Any, right: Any) -> bool:
    """Tell whether two values are the same as JSON: 1 is 1.0, true is not 1, absent is not null."""
    if kind_of(left) != kind_of(right):
        return False
    match kind_of(left):
        case "object":
            return left.keys() == right.keys() and all(same_json(left[key], right[key]) for key in left)
        case "array":
            return len(left) == len(right) and all(map(same_json, left, right))
        case "number":
            return Fraction(repr(left)) == Fraction(repr(right))  # as it is written: 1e300 is 10**300
        case _:
            return bool(left == right)


def kind_of(value: Any) -> str:
    """Return the type of a JSON value; an integer is a number."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case str():
            return "string"
        case int() | float():
            return "number"
        case list():
            return "array"
        case _:
            return "object"
