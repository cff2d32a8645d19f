"""Numbers and booleans as JSON Schema counts them: 1.0 is an integer, true is not a number."""

import math
from abc import abstractmethod
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from sguild_dispatcher.fields.rules import Rule, first_of, keywords

Bound: TypeAlias = int | float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _NumericRule(Rule):
    """The keywords that integers and numbers share."""

    minimum: Bound = None
    maximum: Bound = None
    exclusive_minimum: Bound = None
    exclusive_maximum: Bound = None
    multiple_of: Bound = None

    def expectation(self) -> str:
        """Return ``must be an integer of at least 1`` and the like."""
        words = {
            "of at least": self.minimum,
            "above": self.exclusive_minimum,
            "of at most": self.maximum,
            "below": self.exclusive_maximum,
            "divisible by": self.multiple_of,
        }
        limits = [f"{word} {bound}" for word, bound in words.items() if bound is not None]
        return f"must be {self._noun()} {' and '.join(limits)}".rstrip()

    def json_schema(self) -> JsonSchemaValue:
        """Return the keywords of the rule."""
        return keywords(
            type=self._noun().split()[-1],
            minimum=self.minimum,
            maximum=self.maximum,
            exclusiveMinimum=self.exclusive_minimum,
            exclusiveMaximum=self.exclusive_maximum,
            multipleOf=self.multiple_of,
        )

    @abstractmethod
    def _noun(self) -> str:
        """Return what a value is, with its article: ``an integer``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegerRule(_NumericRule):
    """``type: integer``: 5, 5.0 and 5e0 are the integer 5; ``true``, ``"5"`` and 5.5 are refused."""

    def core_schema(self) -> CoreSchema:
        """Return a strict integer; a float comes into play only when that refuses."""
        integer = core_schema.int_schema(
            strict=True,
            ge=_ceiling(self.minimum),
            le=_floor(self.maximum),
            gt=_floor(self.exclusive_minimum),
            lt=_ceiling(self.exclusive_maximum),
            multiple_of=_whole_divisor(self.multiple_of),
        )
        # A float schema here would take a refused integer too, round it, and let it in.
        from_float = core_schema.chain_schema(
            [core_schema.no_info_plain_validator_function(_integral), integer],
        )
        return core_schema.union_schema(
            [integer, from_float],
            mode="left_to_right",
            serialization=core_schema.simple_ser_schema("int"),
        )

    def _noun(self) -> str:
        return "an integer"


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRule(_NumericRule):
    """``type: number``: integers stay ``int`` and keep their digits, the rest are finite ``float``."""

    def core_schema(self) -> CoreSchema:
        """Return a strict number; bounds are compared in Python, which compares int and float exactly."""
        number = first_of(
            core_schema.int_schema(strict=True),
            core_schema.float_schema(strict=True, allow_inf_nan=False),
        )
        if self == NumberRule():
            return number
        return core_schema.no_info_after_validator_function(self._within, number)

    def _within(self, value: float) -> float:
        refused = (
            (self.minimum is not None and value < self.minimum)
            or (self.maximum is not None and value > self.maximum)
            or (self.exclusive_minimum is not None and value <= self.exclusive_minimum)
            or (self.exclusive_maximum is not None and value >= self.exclusive_maximum)
            or (self.multiple_of is not None and exact(value) % exact(self.multiple_of) != 0)
        )
        if refused:
            raise ValueError(self.expectation())
        return value

    def _noun(self) -> str:
        return "a number"


@dataclass(frozen=True, slots=True, kw_only=True)
class BooleanRule(Rule):
    """``type: boolean``: ``true`` and ``false`` only."""

    def core_schema(self) -> CoreSchema:
        """Return a strict boolean."""
        return core_schema.bool_schema(strict=True)

    def expectation(self) -> str:
        """Return the rule in words."""
        return "must be true or false"

    def json_schema(self) -> JsonSchemaValue:
        """Return the keywords of the rule."""
        return {"type": "boolean"}


def _integral(value: object) -> int:
    if type(value) is not float or not value.is_integer():
        raise ValueError("not an integer")
    return int(exact(value))


def _ceiling(bound: Bound) -> int | None:
    return None if bound is None else math.ceil(bound)


def _floor(bound: Bound) -> int | None:
    return None if bound is None else math.floor(bound)


def _whole_divisor(divisor: Bound) -> int | None:
    """Return the integer that divides the same integers: for p/q in lowest terms that is p."""
    return None if divisor is None else exact(divisor).numerator


def exact(number: float) -> Fraction:
    """Return the number that was written, not the binary one beside it: 0.1 is one tenth, 1e23 is 10**23."""
    return Fraction(number if isinstance(number, int) else repr(number))
