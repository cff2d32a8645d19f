"""A diff of 1,000 event types with one change, against what it cannot do without."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from measuring import Ratio, command, medians
from trees import payload_schemas, write_tree

BIN: Final = Path(sys.executable).parent
CONTRACTS: Final = 1_000
ROUNDS: Final = 5
_AUTHOR: Final = ("-c", "user.name=bench", "-c", "user.email=bench@example.org", "-c", "commit.gpgsign=false")
# Both trees as git has them, parsed, and the judge of a witness: a program without the tool.
_BASELINE: Final = """
import json, subprocess, jsonschema
for reference in ("HEAD~1", "HEAD"):
    listed = subprocess.run(("git", "ls-tree", "-r", "-z", reference), capture_output=True, check=True).stdout
    ids = [line.split(b"\\t")[0].split()[2] for line in listed.split(b"\\0") if line]
    asked = b"\\n".join(ids)
    rest = subprocess.run(("git", "cat-file", "--batch"), input=asked, capture_output=True, check=True).stdout
    offset = 0
    for _ in ids:
        end = rest.index(b"\\n", offset)
        size = int(rest[offset:end].split()[2])
        json.loads(rest[end + 1 : end + 1 + size])
        offset = end + size + 2
"""


def ratios() -> list[Ratio]:
    """Measure the command in a repository of its own."""
    with tempfile.TemporaryDirectory() as folder:
        return _measured(Path(folder))


def _measured(folder: Path) -> list[Ratio]:
    contracts = write_tree(folder / "contracts", CONTRACTS)
    edited = next(payload_schemas(contracts))
    schema = json.loads(edited.read_text("utf-8"))
    _git(folder, "init", "--quiet")
    _commit(folder)
    _save(edited, {**schema, "required": []})
    _commit(folder)
    diff = _diff(folder)

    def changed(**change: object) -> Callable[[], object]:
        def act() -> object:
            _save(edited, {**schema, **change})
            return diff()

        return act

    found = medians(
        {
            "baseline": command(sys.executable, "-c", f"import os; os.chdir({str(folder)!r})\n{_BASELINE}"),
            "break": changed(required=[]),
            "words": changed(description="Other words."),
        },
        ROUNDS,
    )
    what = "reading both trees from git, and importing jsonschema"
    return [
        Ratio("diff of 1,000 contracts, a break and its witness", what, found["break"], found["baseline"]),
        Ratio("diff of 1,000 contracts, no break", what, found["words"], found["baseline"]),
    ]


def _save(path: Path, schema: object) -> None:
    path.write_text(json.dumps(schema, indent=2) + "\n", "utf-8")


def _diff(folder: Path) -> Callable[[], object]:
    arguments = (str(BIN / "sguild-codegen"), "diff", "--against", "HEAD~1")
    return lambda: subprocess.run(arguments, cwd=folder, capture_output=True, check=False)  # noqa: S603 - our own


def _commit(folder: Path) -> None:
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--message", "contracts")


def _git(folder: Path, *arguments: str) -> None:
    whole = ("git", *_AUTHOR, *arguments)
    subprocess.run(whole, cwd=folder, check=True, capture_output=True)  # noqa: S603 - a repository of its own
