"""The transport against its peers: ``make bench`` prints the ratios and writes them to docs/benchmarks.md.

All sides run in one process on one event loop, one after another in each round, on one PostgreSQL server.
"""

import argparse
import asyncio
import importlib
import importlib.util
import json
import logging
import platform
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

from transport_load import BODY, FULL, QUICK, Load
from transport_nats import nats_server
from transport_report import Amounts, Comparison, Result, results, table
from transport_round import PARTS, measured_round

from sguild_dispatcher.testing.postgres import postgres_server

PAGE: Final = Path(__file__).parents[1] / "docs" / "benchmarks.md"
FIGURES: Final = PAGE.with_name("benchmarks-transport.json")
BEGIN: Final = "<!-- measured: transport -->\n"
END: Final = "<!-- end -->"
PEERS: Final = ("nats", "pgqueuer", "procrastinate")

COMPARISONS: Final = (
    Comparison(name="deliveries", baseline="pgqueuer, jobs that do nothing", at_least=4, aim=8),
    Comparison(name="deliveries", baseline="procrastinate, jobs that do nothing", at_least=80, aim=150),
    Comparison(name="deliveries", baseline="nats-py, fan-out", at_least=1.8, aim=3),
    Comparison(name="deliveries", baseline="nats-py, fan-out, batches acknowledged"),
    Comparison(name="publish, 1 connection", baseline="pgqueuer, 1 connection", at_least=1.2, aim=1.5),
    Comparison(name="publish, 1 connection", baseline="pgqueuer, 1 connection, no transaction"),
    Comparison(name="publish, 8 connections", baseline="pgqueuer, 8 connections", at_least=3, aim=4),
    Comparison(name="publish, 8 connections", baseline="pgqueuer, 8 connections, no transaction"),
    Comparison(name="batch of 1000", baseline="pgqueuer, batch of 1000", at_least=1.5, aim=2),
    Comparison(
        name="p50 latency at 50/s", baseline="pgqueuer, p50 latency", at_least=0.9, aim=0.65, unit="ms"
    ),
    Comparison(name="WAL of an event, 3 subscribers", baseline="its body", at_least=1.8, aim=1.55, unit="B"),
    Comparison(name="deliveries, tolerant reader", baseline="deliveries, exact reader", at_least=0.95),
    Comparison(name="deliveries under a held xmin", baseline="deliveries without", at_least=0.9, aim=1),
)


def main(arguments: list[str]) -> int:
    """Measure, and return the exit code."""
    parser = argparse.ArgumentParser(prog="benchmarks/transport.py", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="small numbers, one round; nothing is written into docs/"
    )
    parser.add_argument(
        "--only", action="append", choices=PARTS, help="measure this alone; nothing is written into docs/"
    )
    options = parser.parse_args(arguments)
    load, parts = QUICK if options.quick else FULL, options.only or PARTS
    missing = [each for each in PEERS if importlib.util.find_spec(each) is None]
    if missing:
        sys.stderr.write(f"Not installed: {', '.join(missing)}. `make bench` installs the group `bench`.\n")
        return 2
    logging.disable(logging.INFO)
    found, figures = _measured(load, parts)
    print(table(found))
    print(json.dumps(figures, indent=2))
    if load is FULL and parts is PARTS:
        _write(table(found), figures)
    return 0


def _measured(load: Load, parts: Collection[str]) -> tuple[list[Result], Mapping[str, Any]]:
    with postgres_server(durable=True) as dsn:
        rounds = _runner()(_rounds(dsn, load, parts))
    found = results(COMPARISONS, rounds)
    return found, {
        "python": platform.python_version(),
        "event_loop": _runner().__module__,
        "body_bytes": len(BODY),
        "rows": [each.as_json() for each in found],
    }


async def _rounds(dsn: str, load: Load, parts: Collection[str]) -> list[Amounts]:
    rounds: list[Amounts] = []
    async with nats_server() as nats:
        for number in range(load.rounds):
            print(f"round {number + 1} of {load.rounds}", file=sys.stderr)
            rounds.append(await measured_round(dsn, nats, load, parts))
    return rounds


def _runner() -> Any:
    """Return what runs a coroutine: all sides are faster on uvloop, so all have it where it is installed."""
    try:
        return importlib.import_module("uvloop").run
    except ImportError:
        return asyncio.run


def _write(measured: str, figures: Mapping[str, Any]) -> None:
    before, rest = PAGE.read_text("utf-8").split(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}{measured}\n{END}{rest.partition(END)[2]}", "utf-8")
    FIGURES.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
