"""Pairs from the test suites of other tools, with what is true of them: beside the project, not in it."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sguild_codegen.compat import compare

CORPUS = Path(__file__).parents[3] / "shared" / "compat-corpus" / "open.jsonl"

pytestmark = pytest.mark.skipif(not CORPUS.is_file(), reason="../shared/compat-corpus is not here")


def rows() -> list[dict[str, Any]]:
    return [json.loads(line) for line in CORPUS.read_text("utf-8").splitlines()]


def test_no_verdict_is_wrong_and_few_are_open() -> None:
    wrong: list[str] = []
    verdicts: Counter[str] = Counter()
    for row in rows():
        found = compare(row["old"], row["new"])
        for name, direction in (("backward", found.backward), ("forward", found.forward)):
            verdicts[direction.verdict] += 1
            verdicts["twice"] += direction.proven_twice
            label = row[f"label_{name}"]
            if direction.verdict != "undecided" and label is not None:
                wrong += [f"{row['id']} {name}"] if (direction.verdict == "compatible") is not label else []
    assert wrong == []
    assert verdicts["undecided"] <= 0.01 * 2 * len(rows())
    assert verdicts["twice"] >= 0.95 * verdicts["compatible"]
