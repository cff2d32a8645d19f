"""Ratios of what several rounds measured, as text and as JSON."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Amounts = Mapping[str, float]
"""What one round measured, by name."""

Unit = Literal["/s", "ms", "B"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One row of the table.

    Attributes:
        name: what is measured of us; with the domains' roles it has ``ROLES`` after it.
        baseline: what it is measured against.
        at_least: the ratio that is asked for; at most that, if less is better.
        aim: the ratio that is hoped for.
        unit: of both amounts; times and bytes are the better the fewer they are.
    """

    name: str
    baseline: str
    at_least: float | None = None
    aim: float | None = None
    unit: Unit = "/s"


ROLES = ", roles"


@dataclass(frozen=True, slots=True)
class Spread:
    """Ratios of several rounds."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The one in the middle."""
        return statistics.median(self.values)

    def __str__(self) -> str:
        return f"{self.median:.2f} ({min(self.values):.2f} to {max(self.values):.2f})"


@dataclass(frozen=True, slots=True)
class Result:
    """A row that was measured; ``with_roles`` is ``None`` where roles change nothing."""

    comparison: Comparison
    ratio: Spread
    with_roles: Spread | None
    amount: float
    baseline_amount: float

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON has it, with the ratio of each round."""
        return {
            "name": self.comparison.name,
            "baseline": self.comparison.baseline,
            "at_least": self.comparison.at_least,
            "aim": self.comparison.aim,
            "unit": self.comparison.unit,
            "ratios": self.ratio.values,
            "ratios_with_roles": None if self.with_roles is None else self.with_roles.values,
            "median": self.amount,
            "baseline_median": self.baseline_amount,
        }


def results(comparisons: Sequence[Comparison], rounds: Sequence[Amounts]) -> list[Result]:
    """Return the ratios of what was measured; each is of two amounts of the same round."""
    measured = rounds[0].keys()
    return [_result(each, rounds) for each in comparisons if {each.name, each.baseline} <= measured]


def _result(comparison: Comparison, rounds: Sequence[Amounts]) -> Result:
    name, baseline = comparison.name, comparison.baseline
    with_roles = f"{name}{ROLES}"
    return Result(
        comparison,
        Spread(tuple(each[name] / each[baseline] for each in rounds)),
        Spread(tuple(each[with_roles] / each[baseline] for each in rounds))
        if with_roles in rounds[0]
        else None,
        statistics.median(each[name] for each in rounds),
        statistics.median(each[baseline] for each in rounds),
    )


def table(found: Sequence[Result]) -> str:
    """Return the rows as a Markdown table."""
    head = (
        "| what | against | ratio (min to max) | with roles | wanted | aim | measured | baseline |",
        "|---|---|---|---|---|---|---|---|",
    )
    return "\n".join((*head, *(_row(each) for each in found)))


def _row(result: Result) -> str:
    comparison = result.comparison
    sign = "≥" if comparison.unit == "/s" else "≤"
    wanted, aim = (
        "" if each is None else f"{sign} {each:g}" for each in (comparison.at_least, comparison.aim)
    )
    cells = (
        comparison.name,
        comparison.baseline,
        str(result.ratio),
        "" if result.with_roles is None else str(result.with_roles),
        wanted,
        aim,
        _shown(result.amount, comparison.unit),
        _shown(result.baseline_amount, comparison.unit),
    )
    return f"| {' | '.join(cells)} |"


def _shown(amount: float, unit: Unit) -> str:
    if unit == "ms":
        return f"{amount * 1e3:.2f} ms"
    return f"{amount:,.0f}{' B' if unit == 'B' else unit}"
