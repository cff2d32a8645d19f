"""Interleaved rounds, medians and ratios."""

import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ratio:
    """How long a thing takes, measured in how long its baseline takes."""

    name: str
    baseline: str
    seconds: float
    baseline_seconds: float

    @property
    def value(self) -> float:
        """1 is as fast as the baseline; less is faster."""
        return self.seconds / self.baseline_seconds


def medians(actions: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Run all actions in turn, ``rounds`` times, and return the median seconds of each."""
    seconds: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(rounds):
        for name, action in actions.items():
            start = time.perf_counter()
            action()
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(found) for name, found in seconds.items()}


def command(*arguments: str) -> Callable[[], object]:
    """Return an action that runs a command to its end; its output is thrown away."""
    return lambda: subprocess.run(arguments, check=True, capture_output=True)  # noqa: S603 - our own commands


def table(ratios: Sequence[Ratio]) -> str:
    """Return the ratios as a Markdown table."""
    rows = [
        f"| {each.name} | {each.baseline} | {each.value:.3g} "
        f"| {_time(each.seconds)} | {_time(each.baseline_seconds)} |"
        for each in ratios
    ]
    head = ("| what | baseline | ratio | time | baseline's time |", "|---|---|---|---|---|")
    return "\n".join((*head, *rows))


def _time(seconds: float) -> str:
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"
