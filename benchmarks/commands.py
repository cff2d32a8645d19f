"""The command: a whole run against the peer's, which makes only the models."""

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from measuring import Ratio, command, medians

ROOT: Final = Path(__file__).parents[1]
BIN: Final = Path(sys.executable).parent
ROUNDS: Final = 5


def peer(schemas: Path, output: Path) -> tuple[str, ...]:
    """Return datamodel-code-generator's command, which makes only the models."""
    return (
        str(BIN / "datamodel-codegen"),
        "--input", str(schemas), "--output", str(output), "--input-file-type", "jsonschema",
        "--output-model-type", "pydantic_v2.BaseModel", "--formatters", "black", "isort",
        "--disable-timestamp",
    )  # fmt: skip


def ratios() -> list[Ratio]:
    """Measure the command on the contracts of this repository."""
    with tempfile.TemporaryDirectory() as folder:
        return _commands(Path(folder))


def _commands(folder: Path) -> list[Ratio]:
    """The whole command against datamodel-code-generator's, which makes only the models."""
    schemas = folder / "schemas"
    schemas.mkdir()
    for each in (ROOT / "contracts").glob("*/schema/**/*.json"):
        shutil.copy(each, schemas)
    tool, ours = str(BIN / "sguild-codegen"), ("--contracts", str(ROOT / "contracts"))

    def cold() -> None:
        shutil.rmtree(folder / "out", ignore_errors=True)
        command(tool, "generate", *ours, "--output", str(folder / "out"))()

    found = medians(
        {
            "peer": command(*peer(schemas, folder / "models")),
            "generate": cold,
            "check": command(tool, "generate", *ours, "--output", str(ROOT / "generated"), "--check"),
            "help": command(tool, "--help"),
            "rules": command(tool, "rules"),
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
        Ratio("rules", "a bare argparse program", found["rules"], found["argparse"]),
    ]
