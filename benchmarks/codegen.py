"""The tool and its models: ``make bench-codegen``."""

import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from measuring import Ratio, command, medians, table
from pydantic import BaseModel

from sguild_contracts import CreditReservationId, EventId, LessonId, PersonId
from sguild_contracts.registry import registry

ROOT: Final = Path(__file__).parents[1]
BIN: Final = Path(sys.executable).parent
ROUNDS: Final = 5


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        ratios = [*commands(Path(folder)), *imports(), *validation()]
    print(table(ratios))


def commands(folder: Path) -> list[Ratio]:
    """The whole command against datamodel-code-generator's, which makes only the models."""
    schemas = folder / "schemas"
    schemas.mkdir()
    for each in (ROOT / "contracts").glob("*/schema/**/*.json"):
        shutil.copy(each, schemas)
    tool, ours = str(BIN / "sguild-codegen"), ("--contracts", str(ROOT / "contracts"))
    peer = (
        str(BIN / "datamodel-codegen"),
        "--input", str(schemas), "--output", str(folder / "models"), "--input-file-type", "jsonschema",
        "--output-model-type", "pydantic_v2.BaseModel", "--formatters", "black", "isort",
        "--disable-timestamp",
    )  # fmt: skip

    def cold() -> None:
        shutil.rmtree(folder / "out", ignore_errors=True)
        command(tool, "generate", *ours, "--output", str(folder / "out"))()

    found = medians(
        {
            "peer": command(*peer),
            "generate": cold,
            "check": command(tool, "generate", *ours, "--output", str(ROOT / "generated"), "--check"),
            "help": command(tool, "--help"),
            "argparse": command(
                sys.executable, "-c", "import argparse; argparse.ArgumentParser().parse_args()"
            ),
        },
        ROUNDS,
    )
    return [
        Ratio("generate, cold", "datamodel-codegen with black and isort", found["generate"], found["peer"]),
        Ratio("generate --check", "datamodel-codegen with black and isort", found["check"], found["peer"]),
        Ratio("--help", "a bare argparse program", found["help"], found["argparse"]),
    ]


def imports() -> list[Ratio]:
    """Importing the generated package, against importing all of it."""
    eager = "import sguild_contracts as package; [getattr(package, name) for name in package.__all__]"
    found = medians(
        {
            "nothing": command(sys.executable, "-c", "pass"),
            "lazy": command(sys.executable, "-c", "import sguild_contracts"),
            "one": command(sys.executable, "-c", "from sguild_contracts import CreditLocked"),
            "eager": command(sys.executable, "-c", eager),
        },
        ROUNDS,
    )
    base, whole = found["nothing"], found["eager"] - found["nothing"]
    return [
        Ratio("import sguild_contracts", "all of its names", found["lazy"] - base, whole),
        Ratio("import of one event", "all of its names", found["one"] - base, whole),
    ]


class PlainPayload(BaseModel):
    """credit.locked as one would write it by hand, and not exact."""

    credit_reservation_id: CreditReservationId
    lesson_id: LessonId
    person_id: PersonId
    locked_credits: int
    locked_at: datetime


class PlainEvent(BaseModel):
    """The envelope likewise."""

    event_id: EventId
    event_type: str
    occurred_at: datetime
    tenant_id: str
    producer: str
    schema_version: int
    payload: PlainPayload
    subject: str | None = None
    actor: str | None = None
    correlation_id: EventId | None = None


def validation() -> list[Ratio]:
    """Payload and envelope from bytes, against plain pydantic models with the same id classes."""
    body = json.dumps(
        {
            "event_id": EventId.mint(),
            "event_type": "credit.locked",
            "occurred_at": "2026-06-01T10:00:00.000000Z",
            "tenant_id": "sguild-berlin",
            "producer": "revenue",
            "schema_version": 1,
            "payload": {
                "credit_reservation_id": CreditReservationId.mint(),
                "lesson_id": LessonId.mint(),
                "person_id": PersonId.mint(),
                "locked_credits": 2,
                "locked_at": "2026-06-01T10:00:00Z",
            },
            "actor": "system:revenue",
            "correlation_id": EventId.mint(),
        }
    ).encode()
    exact, plain = registry.event_model("credit.locked", 1), PlainEvent
    found = medians({"exact": _many(exact, body), "plain": _many(plain, body)}, 15)
    return [
        Ratio("validate payload and envelope, 1000 times", "plain pydantic", found["exact"], found["plain"])
    ]


def _many(model: type[BaseModel], body: bytes) -> Callable[[], object]:
    validate = model.model_validate_json
    return lambda: [validate(body) for _ in range(1000)]


if __name__ == "__main__":
    main()
