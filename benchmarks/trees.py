"""Contract trees of any size: the contracts of this repository again and again, under other names."""

import json
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any, Final, cast

ROOT: Final = Path(__file__).parents[1]
CONTRACTS: Final = ROOT / "contracts"
REGISTRY: Final = "event-types-registry.json"
_ID_BASE: Final = "https://contracts.sguild/"
_WORDS: Final = ("amber", "birch", "cedar", "dune", "ember", "fjord", "grove", "heath", "inlet", "juniper")


def write_tree(folder: Path, contracts: int) -> Path:
    """Write a tree with so many payload schemas, the same ones every time, and return its folder.

    Event types are those of the repository, each copy under a word of its own. A third of its properties take
    the word as well: other contracts share some names, and not all. Producers and subscribers stay, so that
    every domain grows.
    """
    registry = json.loads((CONTRACTS / REGISTRY).read_text("utf-8"))
    originals = registry.pop("event_types")
    _write(folder / registry["envelope"], json.loads((CONTRACTS / registry["envelope"]).read_text("utf-8")))
    entries: list[Any] = []
    left = contracts
    for entry in _copies(originals):
        live = [each for each in entry["versions"] if each["status"] != "withdrawn"]
        if left < len(live):
            break
        left -= len(live)
        entries.append(_copied(folder, entry, live))
    _write(folder / REGISTRY, {**registry, "event_types": entries})
    return folder


def payload_schemas(folder: Path) -> Iterator[Path]:
    """Yield the payload schemas of a tree, sorted."""
    yield from sorted(folder.glob("*/schema/payloads/*.json"))


def _copies(originals: list[Any]) -> Iterator[Mapping[str, Any]]:
    for number in count():
        word = f"{_WORDS[number % len(_WORDS)]}{number // len(_WORDS) or ''}"
        yield from ({**each, "word": word} for each in originals)


def _copied(folder: Path, entry: Mapping[str, Any], live: list[Any]) -> dict[str, Any]:
    """Write the schemas of one entry under its new name, and return the entry."""
    old, contract = entry["event_type"], f"{entry['contract']}-{entry['word']}"
    new = f"{entry['word']}.{old}"
    for version in live:
        name = f"{old}-v{version['version']}.json"
        schema = json.loads((CONTRACTS / entry["contract"] / "schema/payloads" / name).read_text("utf-8"))
        place = f"{contract}/schema/payloads/{entry['word']}.{name}"
        _write(
            folder / place,
            {**schema, "$id": f"{_ID_BASE}{place}", "title": schema["title"].replace(old, new)},
        )
    return {key: each for key, each in entry.items() if key != "word"} | {
        "event_type": new,
        "contract": contract,
    }


def _renamed(value: Any, names: Mapping[str, str], key: str = "") -> Any:
    """Return a schema whose properties have other names, wherever it speaks of them."""
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        return {names.get(each, each): _renamed(inner, names, each) for each, inner in members.items()}
    if not isinstance(value, list):
        return value
    items = cast("list[object]", value)
    if key == "required" or key in names or key in names.values():
        return [names.get(str(each), each) for each in items]
    return [_renamed(each, names) for each in items]


def _write(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{json.dumps(value, indent=2)}\n", "utf-8")
