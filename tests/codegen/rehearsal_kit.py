"""Two versions of one event type, and the rehearsal of the cutover between them."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from command_kit import Result, minimal_tree, run

_REGISTRY: Final = "event-types-registry.json"
_PAYLOADS: Final = "shop/schema/payloads"


def family(
    folder: Path,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    change: Callable[[dict[str, Any]], object] = lambda _: None,
    **keywords: Any,
) -> Path:
    """Write contracts in which ``order.placed`` has two versions, and return their folder.

    Args:
        folder: an empty one.
        old: properties of version 1.
        new: properties of version 2.
        change: what else is done to the registry's entry.
        keywords: of the schema of version 2.
    """
    contracts = minimal_tree(folder)
    first = contracts / _PAYLOADS / "order.placed-v1.json"
    schema = json.loads(first.read_text("utf-8"))
    for version, properties in ((1, old), (2, new)):
        found = {
            **schema,
            "$id": schema["$id"].replace("v1", f"v{version}"),
            "title": f"order.placed payload v{version}",
            "properties": {"order_id": {"type": "string"}, **properties},
            **(keywords if version > 1 else {}),
        }
        (contracts / _PAYLOADS / f"order.placed-v{version}.json").write_text(json.dumps(found), "utf-8")
    registry = json.loads((contracts / _REGISTRY).read_text("utf-8"))
    [entry] = registry["event_types"]
    entry["versions"] = [{"version": 1, "status": "superseded"}, {"version": 2, "status": "current"}]
    change(entry)
    (contracts / _REGISTRY).write_text(json.dumps(registry), "utf-8")
    return contracts


def rehearse(contracts: Path, *options: str) -> Result:
    return run("rehearse", "order.placed", "--from", "1", "--to", "2", "--contracts", contracts, *options)


def readers(result: Result) -> list[Any]:
    """Return the readers of a run's JSON."""
    found: list[Any] = json.loads(result.out)["readers"]
    return found
