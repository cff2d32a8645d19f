"""Interleaved rounds, medians and ratios."""

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ratio:
    """How much of a thing there is, seconds or (``unit``) bytes, measured in its baseline."""

    name: str
    baseline: str
    amount: float
    baseline_amount: float
    unit: str = "s"

    @property
    def value(self) -> float:
        """1 is as much as the baseline; less is better."""
        return self.amount / self.baseline_amount


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


def table(ratios: Sequence[Ratio], wanted: Mapping[str, float]) -> str:
    """Return the ratios as a Markdown table, each with the most that is wanted of it.

    Raises:
        ValueError: something is wanted that was not measured.
    """
    unknown = wanted.keys() - {each.name for each in ratios}
    if unknown:
        raise ValueError(f"nothing is measured under the name {', '.join(sorted(unknown))}")
    rows = [
        f"| {each.name} | {each.baseline} | {each.value:.3g} "
        f"| {f'{wanted[each.name]:.2g}' if each.name in wanted else ''} "
        f"| {_shown(each.amount, each.unit)} | {_shown(each.baseline_amount, each.unit)} |"
        for each in ratios
    ]
    head = ("| what | baseline | ratio | wanted | measured | baseline |", "|---|---|---|---|---|---|")
    return "\n".join((*head, *rows))


def peak_memory(*arguments: str) -> float:
    """Run a command and return the bytes of memory that it had at most, in its largest process."""
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - our own
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, arguments)
    return used.ru_maxrss * 1024.0


def _shown(amount: float, unit: str) -> str:
    return f"{amount / 2**20:.3g} MiB" if unit == "B" else _time(amount)


def _time(seconds: float) -> str:
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"
