"""What telemetry costs: ``make bench-telemetry`` prints the ratios and writes them to docs/benchmarks.md.

Each mode runs in a process of its own, which has loaded what the mode says and nothing else; in each round
all modes take turns on one server. What is measured is processor time of that process: not the server's, and
not that of the neighbours on the machine.
"""

import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, TypeAlias

from telemetry_modes import BATCHED, DELIVERY, MODES, PUBLISH, calls_of, microseconds
from transport_load import BATCH
from transport_own import READERS, Own

from sguild_dispatcher.testing.postgres import drop_database, postgres_server

PAGE: Final = Path(__file__).parents[1] / "docs" / "benchmarks.md"
BEGIN: Final = "<!-- measured: telemetry -->\n"
END: Final = "<!-- end -->"
ROUNDS: Final = 5
PUBLISHED: Final = 2_000
BATCHES: Final = 10
_WARMING: Final = 100

Amounts: TypeAlias = dict[str, float]
"""Microseconds of processor time an event, by name."""

COLUMNS: Final = (DELIVERY, PUBLISH, BATCHED)


def main(arguments: list[str]) -> None:
    """Measure; with the name of a mode and a server, measure that mode alone and print JSON."""
    if arguments:
        mode, server = arguments
        MODES[mode]()
        print(json.dumps(asyncio.run(_measured(server))))
        return
    rounds: dict[str, list[Amounts]] = {mode: [] for mode in MODES}
    with postgres_server(durable=False) as server:
        for _ in range(ROUNDS):
            for mode, found in rounds.items():
                found.append(_in_a_process(mode, server))
    measured = _table(rounds)
    print(measured)
    before, rest = PAGE.read_text("utf-8").split(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}{measured}\n{END}{rest.partition(END)[2]}", "utf-8")


def _in_a_process(mode: str, server: str) -> Amounts:
    command = [sys.executable, __file__, mode, server]
    ended = subprocess.run(command, check=True, stdout=subprocess.PIPE)  # noqa: S603 - this file
    amounts: Amounts = json.loads(ended.stdout)
    return amounts


async def _measured(server: str) -> Amounts:
    own = await Own.create(server, roles=False)
    try:
        await own.publish(1, _WARMING)
        await own.deliver()
        events = BATCHES * BATCH
        amounts = {
            PUBLISH: await _cost(lambda: own.publish(1, PUBLISHED), PUBLISHED),
            BATCHED: await _cost(lambda: own.publish_batches(BATCHES), events),
        }
        delivered = len(READERS) * (events + PUBLISHED)
        return {**amounts, DELIVERY: await _cost(own.deliver, delivered), **microseconds()}
    finally:
        await drop_database(own.dsn)


async def _cost(action: Callable[[], Awaitable[object]], count: int) -> float:
    start = time.process_time()
    await action()
    return (time.process_time() - start) / count * 1e6


def _table(rounds: dict[str, list[Amounts]]) -> str:
    heads = [f"{each} | ratio (min to max) | calls alone" for each in COLUMNS]
    lines = [f"| loaded | {' | '.join(heads)} |", "|---" * (1 + 3 * len(COLUMNS)) + "|"]
    baseline = rounds["neither"]
    for mode, found in rounds.items():
        cells = [cell for column in COLUMNS for cell in _cells(column, found, baseline)]
        lines.append(f"| {mode} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cells(column: str, found: list[Amounts], baseline: list[Amounts]) -> tuple[str, str, str]:
    ratios = [own[column] / other[column] for own, other in zip(found, baseline, strict=True)]
    amount = statistics.median(each[column] for each in found)
    calls = statistics.median(each[calls_of(column)] for each in found)
    spread = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
    return f"{amount:.1f} µs", spread, f"{calls:.2f} µs, {calls / amount:.1%}"


if __name__ == "__main__":
    main(sys.argv[1:])
