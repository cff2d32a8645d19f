"""The command as a function, and small contract trees to run it on."""

import io
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sguild_codegen.cli import main
from sguild_codegen.record.record import RECORD

HERE = Path(__file__).parent
MINIMAL = HERE / "minimal_contracts"
ROOT = HERE.parents[1]


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str


def run(*arguments: str | Path) -> Result:
    out, err = io.StringIO(), io.StringIO()
    code = main([str(each) for each in arguments], out, err)
    return Result(code, out.getvalue(), err.getvalue())


def minimal_tree(folder: Path) -> Path:
    """Copy the tree of one event type into ``folder`` and return the contracts folder."""
    return Path(shutil.copytree(MINIMAL, folder / "contracts"))


def snapshot(folder: Path) -> dict[str, bytes]:
    """Return the files below a folder; the record of a run is none of its results."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != RECORD
    }


def rule_ids(output: str) -> Sequence[str]:
    """Return the rule ids of a run's text output, in order."""
    return [line.split(" ")[1] for line in output.splitlines() if " error: " in line or " warning: " in line]
