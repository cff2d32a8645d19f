"""How long a comparison takes: hard schemas, the project's own contracts, and the pairs of ../shared."""

import json
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sguild_codegen.compat import Lens, compare

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "compat-corpus" / "open.jsonl"
LENSES: tuple[Lens, ...] = ("strict", "tolerant")
Pair = tuple[Any, Any]


def tagged_union(branches: int, most: int) -> Any:
    """A union whose branches a constant tells apart."""

    def branch(index: int) -> Any:
        properties = {
            "kind": {"const": f"kind{index}"},
            "id": {"type": "string", "pattern": "^[a-z]{3}_[0-9a-f]{8}$"},
            "amount": {"type": "integer", "minimum": 0, "maximum": most},
        }
        return {
            "type": "object",
            "required": ["kind", "id"],
            "properties": properties,
            "additionalProperties": False,
        }

    return {"oneOf": [branch(index) for index in range(branches)]}


def recursive_union(branches: int, most: int) -> Any:
    """A tree of nodes of so many kinds."""
    inside = {"$ref": "#/$defs/node"}

    def branch(index: int) -> Any:
        properties = {
            "kind": {"const": f"kind{index}"},
            "left": inside,
            "children": {"type": "array", "items": inside, "maxItems": most},
        }
        return {
            "type": "object",
            "required": ["kind"],
            "properties": properties,
            "additionalProperties": False,
        }

    return {
        "$ref": "#/$defs/node",
        "$defs": {"node": {"oneOf": [branch(index) for index in range(branches)]}},
    }


def hard_pairs() -> Iterator[tuple[str, Pair]]:
    """Yield what was hard for provers before this one."""
    yield "tagged union of 30", (tagged_union(30, 10), tagged_union(30, 11))
    yield "recursive union of 12", (recursive_union(12, 3), recursive_union(12, 4))
    inside = {"anyOf": [{"$ref": "#"}, {"type": "null"}]}
    untagged = [{"type": "object", "required": [name], "properties": {name: inside}} for name in "abcdef"]
    yield "untagged recursive union of 6", ({"oneOf": untagged}, {"oneOf": untagged[:5]})
    unique = {"type": "array", "uniqueItems": True, "items": {"enum": list(range(8))}}
    yield "unique items of 8 values", ({**unique, "minItems": 8}, {**unique, "maxItems": 7})
    pattern = {"type": "string", "pattern": "a.{12}$"}
    yield "an automaton that blows up", (pattern, {"type": "string", "pattern": "[ab].{12}$"})
    yield (
        "minContains 6 of 12",
        (
            {"type": "array", "contains": {"type": "integer"}, "minContains": 6, "maxItems": 12},
            {"type": "array", "contains": {"type": "number"}, "minContains": 6},
        ),
    )


def contract_pairs() -> Iterator[Pair]:
    """Yield every contract beside an edit of it: another property is required."""
    for path in sorted((ROOT / "contracts").rglob("*-v*.json")):
        schema = json.loads(path.read_text("utf-8"))
        if schema.get("properties"):
            yield schema, {**schema, "required": sorted(schema["properties"])}


def shared_pairs() -> Iterator[Pair]:
    if SHARED.is_file():
        for line in SHARED.read_text("utf-8").splitlines():
            row = json.loads(line)
            yield row["old"], row["new"]


def seconds(pair: Pair, lens: Lens) -> float:
    old, new = pair
    start = time.perf_counter()
    compare(old, new, lens)
    return time.perf_counter() - start


def row(name: str, pairs: list[Pair]) -> str:
    """Return the milliseconds that pairs take under both lenses, both directions together."""
    taken = sorted(seconds(pair, lens) for pair in pairs for lens in LENSES)
    p99 = taken[round(0.99 * (len(taken) - 1))]
    shown = (1_000 * statistics.median(taken), 1_000 * p99, 1_000 * taken[-1])
    return f"| {name} | {len(pairs)} |" + "".join(f" {each:.1f} |" for each in shown)


def main() -> None:
    """Print the table; what is imported or read once is not in it."""
    contracts = list(contract_pairs())
    for pair in contracts[:5]:
        compare(*pair)
    print("| pairs | how many | ms, median | p99 | max |\n|---|---|---|---|---|")
    for name, pair in hard_pairs():
        print(row(name, [pair]))
    print(row("edits of the contracts", contracts))
    shared = list(shared_pairs())
    if shared:
        print(row("pairs of other tools", shared))


if __name__ == "__main__":
    main()
