"""Where choices come from: a seed here, Hypothesis in ``testing.strategies``.

Everything that is drawn is drawn as numbers, and 0 always leads to the simplest value: that is what
Hypothesis shrinks towards.
"""

import random
from dataclasses import dataclass, field
from typing import Protocol, Self

_YEAR_2026 = 1_767_225_600_000
_MILLISECONDS_A_YEAR = 365 * 24 * 60 * 60 * 1000


class Contradiction(Exception):  # noqa: N818 - control flow between the steps of one draw
    """No value can satisfy everything that was chosen so far."""


class Exhausted(Contradiction):
    """There were too many contradictions: it is time to give up."""


class Source(Protocol):
    """A stream of choices."""

    def below(self, size: int) -> int:
        """Return a number from 0 to ``size - 1``, for a value."""
        ...

    def branch(self, size: int) -> int:
        """Return a number from 0 to ``size - 1``, for one of several ways to satisfy a schema."""
        ...

    def includes(self) -> bool:
        """Tell whether something optional is to be there."""
        ...

    def unusual(self) -> bool:
        """Tell whether a value at an edge is wanted, instead of one that is pleasant to read."""
        ...

    def text(self, low: int, high: int) -> str:
        """Return any text of ``low`` to ``high`` characters; asked for unusual values only."""
        ...

    def uuid7(self) -> str:
        """Return a UUID of version 7."""
        ...

    def inside(self, step: str) -> Self:
        """Return the source of a part, by its name: other parts must not change what it yields."""
        ...

    def again(self, attempt: int) -> Self:
        """Return another source for the same place, since the choices so far contradict each other."""
        ...


@dataclass(slots=True)
class SeededSource:
    """Choices that follow from a seed alone, on every machine and in every process.

    ``minimal`` leaves out what is optional, and takes the first way to satisfy a schema for as long as
    there is no contradiction. Ids are new ones each time then, since rows with one id would collide.
    """

    seed: str
    minimal: bool = False
    first_branch: bool = True
    _random: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - test data, not secrets

    def below(self, size: int) -> int:
        """Return a number from 0 to ``size - 1``."""
        return int(self._random.random() * size) if size < 2**50 else self._random.getrandbits(200) % size

    def branch(self, size: int) -> int:
        """Return a number from 0 to ``size - 1``."""
        return 0 if self.minimal and self.first_branch else self.below(size)

    def includes(self) -> bool:
        """Tell whether something optional is to be there: half of the time."""
        return not self.minimal and self.below(2) == 1

    def unusual(self) -> bool:
        """Tell that nothing unusual is wanted."""
        return False

    def text(self, low: int, high: int) -> str:
        """Return a text of letters."""
        return "".join(chr(ord("a") + self.below(26)) for _ in range(low + self.below(high - low + 1)))

    def uuid7(self) -> str:
        """Return a UUID of version 7, from the year 2026."""
        if self.minimal:
            import uuid_utils

            return str(uuid_utils.uuid7())
        return uuid7(self.below(_MILLISECONDS_A_YEAR), self.below(2**74))

    def inside(self, step: str) -> "SeededSource":
        """Return the source of a part."""
        return SeededSource(f"{self.seed}/{step}", self.minimal, self.first_branch)

    def again(self, attempt: int) -> "SeededSource":
        """Return a source that does not take the first branch each time."""
        return SeededSource(f"{self.seed}~{attempt}", self.minimal, first_branch=False)


def uuid7(milliseconds: int, bits: int) -> str:
    """Return a UUID of version 7: ``milliseconds`` after the begin of 2026, and 74 more ``bits``."""
    high, low = divmod(bits, 2**62)
    number = (_YEAR_2026 + milliseconds) << 80 | 7 << 76 | high << 64 | 2 << 62 | low
    digits = f"{number:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
