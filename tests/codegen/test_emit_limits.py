"""Small contracts that could cost the emitter a lot: generated or refused, in little time."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
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


def chain(length: int, link: Callable[[Any], Any]) -> dict[str, Any]:
    """Return a property whose type leads through a chain of definitions."""
    definitions = {f"d{index}": link({"$ref": f"#/$defs/d{index + 1}"}) for index in range(length)}
    return {"properties": {"u": {"$ref": "#/$defs/d0"}}, "$defs": {**definitions, f"d{length}": TEXT}}


def members(value: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"left": value, "right": value}}


def either(value: Any) -> dict[str, Any]:
    return {"anyOf": [value, {"type": "array", "items": value}]}


def within(depth: int, link: Callable[[Any], Any]) -> Any:
    return TEXT if depth == 0 else link(within(depth - 1, link))


BODIES = {
    "chain of objects": chain(240, members),
    "chain of unions": chain(200, either),
    "deep arrays": {"properties": {"a": within(58, lambda inner: {"type": "array", "items": inner})}},
    "nested oneOf": {"properties": {"a": TEXT, "b": TEXT, "c": TEXT}, **nested(12)},
    "wide oneOf": {"properties": many(200), "oneOf": [{"required": [name]} for name in many(200)]},
    "dependentRequired": {
        "properties": many(200),
        "dependentRequired": {name: [each for each in many(200) if each != name] for name in many(100)},
    },
    "doubling references": {"properties": {"u": {"$ref": "#/$defs/d0"}}, "$defs": doubling(25)},
    "equal names": {"properties": {f"p{'-' * index}": {"enum": [f"v{index}", "x"]} for index in range(100)}},
}
# As large as the limits of the reader let it be, a megabyte and a thousand schemas, in every direction.
WORST: dict[str, dict[str, Any]] = {
    "enums": {"properties": {f"e{k}": {"enum": [f"{k}-{i}" for i in range(1_000)]} for k in range(70)}},
    "enum of long values": {
        "properties": {f"e{k}": {"enum": [f"{k}-{i}{'x' * 100}" for i in range(1_000)]} for k in range(8)}
    },
    "enum of objects": {
        "properties": {f"e{k}": {"enum": [{"a": i} for i in range(1_000)]} for k in range(60)}
    },
    "enum with quotes and controls": {
        "properties": {f"e{k}": {"enum": [f"{k}-{i}\"\x01'" for i in range(1_000)]} for k in range(40)}
    },
    "properties": {
        "properties": {
            f"{'q' * 115}{i}": {
                "type": "string",
                "minLength": 1,
                "maxLength": i + 1,
                "description": "d" * 400,
            }
            for i in range(990)
        }
    },
    "patterns": {
        "properties": {
            f"s{i}": {"type": "string", "pattern": f"^({'|'.join(f'{i}a{{1,9}}{j}' for j in range(70))})$"}
            for i in range(700)
        }
    },
    "conditionals": {
        "properties": many(100),
        "allOf": [
            {
                "if": {"properties": {name: {"const": "x"}}, "required": [name]},
                "then": {"required": list(many(100))},
            }
            for name in many(100)
        ],
    },
    "required sets": {
        "properties": many(490),
        "anyOf": [{"required": list(many(490 - i))} for i in range(200)],
    },
    "all depend on all": {
        "properties": many(300),
        "dependentRequired": {name: [each for each in many(300) if each != name] for name in many(300)},
    },
    "a long description": {"properties": {"a": {**TEXT, "description": "word " * 200_000}}},
    "names that are no words": {"properties": {f"{'-.' * (i % 60)}p{i}": TEXT for i in range(900)}},
    "tags": {
        "properties": {
            "u": {
                "oneOf": [
                    {"type": "object", "required": ["k"], "properties": {"k": {"const": f"v{i}"}, "x": TEXT}}
                    for i in range(300)
                ]
            }
        }
    },
}
MEMORY = 512 * 2**20  # bytes
PATIENCE = 60  # seconds, for a busy machine; alone it is SECONDS


def order_placed(contracts: Path, body: dict[str, Any]) -> None:
    path = contracts / "shop" / "schema" / "payloads" / "order.placed-v1.json"
    schema = json.loads(path.read_text("utf-8"))
    schema |= {**body, "properties": {"order_id": TEXT, **body["properties"]}}
    path.write_text(json.dumps(schema), "utf-8")


@pytest.mark.parametrize("name", BODIES)
def test_costs_little(name: str, tmp_path: Path) -> None:
    contracts = minimal_tree(tmp_path)
    order_placed(contracts, BODIES[name])

    start = time.monotonic()
    result = run("generate", "--contracts", contracts, "--output", tmp_path / "out")

    assert time.monotonic() - start < SECONDS
    assert result.code == 0 or " SG041 error: " in result.out, result.out + result.err


@pytest.mark.proof
@pytest.mark.parametrize("name", WORST)
def test_the_worst_that_is_accepted(name: str, tmp_path: Path) -> None:
    """It is generated, not refused, by a process that stays within the limits."""
    order_placed(minimal_tree(tmp_path), WORST[name])
    command = [sys.executable, "-c", "import sys; from sguild_codegen.cli import main; sys.exit(main())"]
    process = subprocess.Popen(
        [*command, "generate"], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    start = time.monotonic()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    assert used.ru_maxrss * 1024 < MEMORY
    assert time.monotonic() - start < PATIENCE
