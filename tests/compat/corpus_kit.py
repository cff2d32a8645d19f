"""Pairs of schemas with what is true of them, and what ``compare`` says of each."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from sguild_codegen.compat import Comparison, Direction, compare
from sguild_codegen.compat.comparison import BUDGET

Json: TypeAlias = Any
Outcome: TypeAlias = Literal[
    "right", "false compatible", "false breaking", "undecided", "crashed", "no label"
]

OWN: Final = Path(__file__).parent / "corpus"
SHARED: Final = Path(__file__).parents[3] / "shared" / "compat-corpus" / "open.jsonl"
"""Pairs from the test suites of other tools: beside the project, not in it."""


@dataclass(frozen=True)
class Pair:
    """Two schemas; ``backward`` and ``forward`` are the true verdicts, ``None`` where nobody knows.

    ``usual`` says that they have only keywords that contracts use.
    """

    source: str
    name: str
    old: Json
    new: Json
    backward: str | None
    forward: str | None
    usual: bool = True


@dataclass(frozen=True)
class Judged:
    """What was said of a pair, after how many seconds; ``None`` if it crashed."""

    pair: Pair
    found: Comparison | None
    seconds: float

    def outcomes(self) -> Iterator[Outcome]:
        """Yield what is to be said of both directions."""
        if self.found is None:
            yield "crashed"
            yield "crashed"
            return
        yield _outcome(self.found.backward, self.pair.backward)
        yield _outcome(self.found.forward, self.pair.forward)


def _outcome(direction: Direction, truth: str | None) -> Outcome:
    if direction.verdict == truth:
        return "right"
    if direction.verdict == "undecided":
        return "undecided"
    if truth is None:
        return "no label"
    return "false compatible" if direction.verdict == "compatible" else "false breaking"


def own_pairs() -> Iterator[Pair]:
    """Yield the pairs that were written for this project, by keyword family."""
    for path in sorted(OWN.glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            row = json.loads(line)
            yield Pair(path.stem, row["name"], row["old"], row["new"], row["backward"], row["forward"])


def shared_pairs() -> Iterator[Pair]:
    """Yield the pairs of other tools; none where they are not there."""
    if not SHARED.is_file():
        return
    verdicts = {True: "compatible", False: "breaking", None: None}
    for line in SHARED.read_text("utf-8").splitlines():
        row = json.loads(line)
        labels = verdicts[row["label_backward"]], verdicts[row["label_forward"]]
        yield Pair(row["source"], row["id"], row["old"], row["new"], *labels, row["supported"])


def judged(pair: Pair, budget: float = BUDGET) -> Judged:
    """Compare a pair."""
    start = time.perf_counter()
    try:
        found = compare(pair.old, pair.new, budget=budget)
    except Exception:  # noqa: BLE001 - whatever it raises: it must not
        found = None
    return Judged(pair, found, time.perf_counter() - start)
