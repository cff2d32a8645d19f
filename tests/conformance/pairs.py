"""What ``compare`` says of pairs whose truth is known: ``make conformance`` prints a table by source."""

import statistics
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "compat"))

from corpus_kit import Judged, Outcome, judged, own_pairs, shared_pairs

_KINDS: tuple[Outcome, ...] = (
    "right",
    "false compatible",
    "false breaking",
    "undecided",
    "crashed",
    "no label",
)


def table(results: Iterable[Judged]) -> str:
    """Return what became of the directions, by source and in all, and the milliseconds that a pair took."""
    by_source: dict[str, list[Judged]] = defaultdict(list)
    for each in results:
        by_source[each.pair.source].append(each)
    rows = [_row(source, found) for source, found in sorted(by_source.items())]
    every = [each for found in by_source.values() for each in found]
    rows.append(_row("in all", every))
    rows.append(_row("only keywords that contracts use", [each for each in every if each.pair.usual]))
    head = "".join(f" {kind} |" for kind in (*_KINDS, "ms, median", "p99", "max"))
    return "\n".join((f"| source |{head}", "|---" * (len(_KINDS) + 4) + "|", *rows))


def _row(source: str, found: list[Judged]) -> str:
    outcomes = Counter(outcome for each in found for outcome in each.outcomes())
    times = sorted(1_000 * each.seconds for each in found)
    shown = (statistics.median(times), times[int(0.99 * (len(times) - 1))], times[-1])
    counts = "".join(f" {outcomes[kind]} |" for kind in _KINDS)
    return f"| {source} |{counts}" + "".join(f" {each:.1f} |" for each in shown)


def twice(results: Iterable[Judged]) -> str:
    """Return how many of the proofs a second prover has found, too."""
    directions = [one for each in results if each.found for one in (each.found.backward, each.found.forward)]
    compatible = [each.proven_twice for each in directions if each.verdict == "compatible"]
    return f"{sum(compatible)} of {len(compatible)} compatible directions are proven twice."


def main() -> int:
    """Print the tables; 1 if a verdict is wrong."""
    list(map(judged, list(own_pairs())[:40]))  # what is imported once is not in the times
    wrong = False
    for title, pairs in (("Our own pairs", own_pairs()), ("Pairs of other tools", shared_pairs())):
        results = [judged(each) for each in pairs]
        if not results:
            print(f"{title}: ../shared/compat-corpus/open.jsonl is not here.\n")  # noqa: T201 - the report
            continue
        print(f"{title}, directions\n\n{table(results)}\n\n{twice(results)}\n")  # noqa: T201 - the report
        kinds = {outcome for each in results for outcome in each.outcomes()}
        wrong |= bool(kinds & {"false compatible", "false breaking", "crashed"})
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
