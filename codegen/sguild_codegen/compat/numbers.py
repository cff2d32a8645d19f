"""Numbers: exact fractions between bounds, multiples of some and not of others."""

import math
from dataclasses import dataclass
from fractions import Fraction
from itertools import count
from typing import Final, TypeAlias

from sguild_codegen.compat.undecided import Undecided

_MOST_TRIES: Final = 100_000
_MOST_RETRIES: Final = 50

Number: TypeAlias = int | float


def exact(value: Number) -> Fraction:
    """Return the number that is written in JSON: 0.1 is one tenth."""
    return Fraction(value if isinstance(value, int) else repr(value))


def written(value: Fraction) -> Number:
    """Return the JSON number of a fraction.

    Raises:
        Undecided: no JSON number of this interpreter is exactly that value.
    """
    if value.denominator == 1:
        return value.numerator
    number = float(value)
    if exact(number) != value:
        raise Undecided(f"{value} cannot be written as a JSON number")
    return number


@dataclass(slots=True)
class Numbers:
    """The numbers from ``low`` to ``high``, bounds left out where they are ``open``."""

    low: Fraction | None = None
    low_open: bool = False
    high: Fraction | None = None
    high_open: bool = False
    step: Fraction | None = None
    divisors: frozenset[Fraction] = frozenset()
    not_steps: frozenset[Fraction] = frozenset()
    excluded: frozenset[Fraction] = frozenset()

    def raise_low(self, bound: Fraction, *, is_open: bool) -> None:
        """Let only numbers from ``bound`` on stay."""
        if self.low is None or (bound, is_open) > (self.low, self.low_open):
            self.low, self.low_open = bound, is_open

    def lower_high(self, bound: Fraction, *, is_open: bool) -> None:
        """Let only numbers up to ``bound`` stay."""
        if self.high is None or (bound, not is_open) < (self.high, not self.high_open):
            self.high, self.high_open = bound, is_open

    def keep_multiples(self, divisor: Fraction) -> None:
        """Let only multiples of one more number stay."""
        self.divisors |= {divisor}
        self.step = divisor if self.step is None else _least_common_multiple(self.step, divisor)

    def contains(self, value: Fraction) -> bool:
        """Tell whether a number is one of these."""
        return (
            self._is_between(value)
            and (self.step is None or value % self.step == 0)
            and not any(value % each == 0 for each in self.not_steps)
            and value not in self.excluded
        )

    def find(self) -> Fraction | None:
        """Return one of these numbers, a short one, or ``None`` where there is none.

        Raises:
            Undecided: it would take too long to tell.
        """
        if self.step is None:
            return self._find_any()
        return self._find_multiple(self.step)

    def _find_multiple(self, step: Fraction) -> Fraction | None:
        # k * step is a multiple of n for k = 0, p, 2p ...: with p = 1 for every k.
        periods = [(each / step).numerator for each in self.not_steps]
        if 1 in periods:
            return None
        tries = math.lcm(*periods) * (len(self.excluded) + 2)
        found: Fraction | None = None
        for index in range(min(tries, _MOST_TRIES) + _MOST_RETRIES):
            value = self._multiple(step, index)
            if value is None:
                return found
            if self.contains(value):
                if self._is_plain(value):
                    return value
                found = found or value
        if found is None and tries > _MOST_TRIES:
            raise Undecided("too many multiples have to be tried")
        return found

    def _is_plain(self, value: Fraction) -> bool:
        """Tell whether a validator that divides floats, as jsonschema does, sees that it is a multiple."""
        quotients = (float(value) / float(each) for each in self.divisors if each.denominator != 1)
        return all(each.is_integer() for each in quotients)

    def _multiple(self, step: Fraction, index: int) -> Fraction | None:
        """Return the multiples one after the other, from the bound that is nearest to 0."""
        if self.low is not None and (self.low > 0 or self.high is None or self.high >= 0):
            start = math.ceil(max(self.low, Fraction(0)) / step if self.low > 0 else self.low / step)
            value = (start + index) * step
            return None if self.high is not None and value > self.high else value
        if self.high is not None:
            value = (math.floor(self.high / step) - index) * step
            return None if self.low is not None and value < self.low else value
        return (index // 2 + index % 2) * (1 if index % 2 else -1) * step

    def _find_any(self) -> Fraction | None:
        candidates = [Fraction(each) for each in (0, 1, -1, 2, Fraction(1, 2), Fraction(-1, 2))]
        candidates += [each for each in (self.low, self.high) if each is not None]
        for value in candidates:
            if self.contains(value):
                return value
        if self._is_empty():
            return None
        return next((value for value in self._inside() if self.contains(value)), None)

    def _inside(self) -> "list[Fraction]":
        """Return many short numbers strictly between the bounds: no finite number of exclusions hits all."""
        low = self.low if self.low is not None else (self.high or Fraction(0)) - 1000
        high = self.high if self.high is not None else low + 1000
        if low >= high:
            return []
        for digits in count():
            unit = Fraction(1, 10**digits)
            first = math.floor(low / unit) + 1
            last = math.ceil(high / unit) - 1
            if last - first >= len(self.excluded) + 20:
                numbers = [Fraction(each) * unit for each in range(first, min(last, first + 2000) + 1)]
                finer = min(unit, *(_digit(each) for each in self.not_steps)) / 10 if self.not_steps else unit
                # With one digit more than the steps have, none is a multiple; 7919 divides no decimal.
                return (
                    sorted(numbers, key=lambda each: each.denominator)
                    + [each + finer for each in numbers[: len(self.excluded) + 20]]
                    + [each + unit / 7919 for each in numbers[:5]]
                )
        raise AssertionError  # pragma: no cover - count() does not end

    def _is_between(self, value: Fraction) -> bool:
        if self.low is not None and (value < self.low or (self.low_open and value == self.low)):
            return False
        return self.high is None or value < self.high or (not self.high_open and value == self.high)

    def _is_empty(self) -> bool:
        if self.low is None or self.high is None:
            return False
        return self.low > self.high or (self.low == self.high and not self.contains(self.low))


def _digit(value: Fraction) -> Fraction:
    """Return the unit of the last digit of a decimal."""
    return next(unit for digits in count() if (value / (unit := Fraction(1, 10**digits))).denominator == 1)


def _least_common_multiple(left: Fraction, right: Fraction) -> Fraction:
    numerator = math.lcm(left.numerator * right.denominator, right.numerator * left.denominator)
    return Fraction(numerator, left.denominator * right.denominator)
