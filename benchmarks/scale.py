"""The command on 1,000 contracts, against the peer's on the same schemas."""

import shutil
import sys
import tempfile
from itertools import count
from pathlib import Path
from typing import Final

from commands import BIN, peer
from measuring import Ratio, command, medians, peak_memory
from trees import payload_schemas, write_tree

CONTRACTS: Final = 1_000
ROUNDS: Final = 3
_PEER: Final = "datamodel-codegen with black and isort, cold"


def ratios() -> list[Ratio]:
    """Measure the command on a tree of many contracts."""
    with tempfile.TemporaryDirectory() as folder:
        return _ratios(Path(folder))


def _ratios(folder: Path) -> list[Ratio]:
    contracts = write_tree(folder / "contracts", CONTRACTS)
    (folder / "schemas").mkdir()
    for each in payload_schemas(contracts):
        shutil.copy(each, folder / "schemas")
    theirs = peer(folder / "schemas", folder / "models")
    tool = (str(BIN / "sguild-codegen"), "generate", "--contracts", str(contracts))
    ours, cold_run = (*tool, "--output", str(folder / "kept")), (*tool, "--output", str(folder / "cold"))
    edited = next(payload_schemas(contracts))
    text, versions = edited.read_text("utf-8"), count(1)

    def cold() -> None:
        shutil.rmtree(folder / "cold", ignore_errors=True)
        command(*cold_run)()

    def change() -> None:
        """Give one property a bound that it did not have before."""
        edited.write_text(
            text.replace('"type": "string"', f'"minLength": {next(versions)}, "type": "string"', 1), "utf-8"
        )
        command(*ours)()

    command(*ours)()
    found = medians(
        {
            "peer": command(*theirs),
            "cold": cold,
            "one changed": change,
            "nothing changed": command(*ours),
            "--check": command(*ours, "--check"),
            "--check --trust-record": command(*ours, "--check", "--trust-record"),
        },
        ROUNDS,
    )
    shutil.rmtree(folder / "cold")
    memory = Ratio(
        f"generate {CONTRACTS:,}, cold: peak memory", _PEER, peak_memory(*cold_run), peak_memory(*theirs), "B"
    )
    names = [each for each in found if each != "peer"]
    return [
        *(Ratio(f"generate {CONTRACTS:,}, {each}", _PEER, found[each], found["peer"]) for each in names),
        memory,
    ]


if __name__ == "__main__":
    from measuring import table

    sys.stdout.write(f"{table(ratios(), {})}\n")
