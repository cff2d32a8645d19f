"""Small contracts that could cost the emitter a lot: generated or refused, in little time."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from command_kit import minimal_tree, run

SECONDS = 10
TEXT = {"type": "string"}


def nested(depth: int) -> Any:
    """Return ``oneOf`` in ``oneOf``: written out, it doubles with each level."""
    inner = {"required": ["a"]} if depth == 0 else nested(depth - 1)
    return {"oneOf": [inner, {"required": ["b"]}, {"required": ["c"]}]}


def many(count: int) -> dict[str, Any]:
    return {f"p{index}": TEXT for index in range(count)}


def doubling(depth: int) -> dict[str, Any]:
    """Return definitions that each use the next one twice."""
    found: dict[str, Any] = {f"d{depth}": TEXT}
    for index in range(depth):
        following = {"$ref": f"#/$defs/d{index + 1}"}
        found[f"d{index}"] = {"anyOf": [following, {"type": "array", "items": following}]}
    return found


BODIES = {
    "nested oneOf": {"properties": {"a": TEXT, "b": TEXT, "c": TEXT}, **nested(12)},
    "wide oneOf": {"properties": many(200), "oneOf": [{"required": [name]} for name in many(200)]},
    "dependentRequired": {
        "properties": many(200),
        "dependentRequired": {name: [each for each in many(200) if each != name] for name in many(100)},
    },
    "doubling references": {"properties": {"u": {"$ref": "#/$defs/d0"}}, "$defs": doubling(25)},
    "equal names": {"properties": {f"p{'-' * index}": {"enum": [f"v{index}", "x"]} for index in range(100)}},
}


@pytest.mark.parametrize("name", BODIES)
def test_costs_little(name: str, tmp_path: Path) -> None:
    contracts = minimal_tree(tmp_path)
    path = contracts / "shop" / "schema" / "payloads" / "order.placed-v1.json"
    schema = json.loads(path.read_text("utf-8"))
    body = BODIES[name]
    schema |= {**body, "properties": {"order_id": TEXT, **body["properties"]}}
    path.write_text(json.dumps(schema), "utf-8")

    start = time.monotonic()
    result = run("generate", "--contracts", contracts, "--output", tmp_path / "out")

    assert time.monotonic() - start < SECONDS
    assert result.code == 0 or " SG041 error: " in result.out, result.out + result.err
