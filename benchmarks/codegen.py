"""The tool and its models: ``make bench-codegen`` prints the ratios and writes them to docs/benchmarks.md."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import commands
import diffing
import imports
import scale
import validation
from measuring import table

PAGE: Final = Path(__file__).parents[1] / "docs" / "benchmarks.md"
BEGIN: Final = "<!-- measured: codegen -->\n"
END: Final = "<!-- end -->"
WANTED: Final[Mapping[str, float]] = {
    "generate, cold": 1.2,
    "--help": 3.5,
    "rules": 3.5,
    "diff of 1,000 contracts, a break and its witness": 2.0,
    "generate 1,000, cold": 1 / 2,
    "generate 1,000, cold: peak memory": 1.0,
    "generate 1,000, one changed": 1 / 15,
    "generate 1,000, --check --trust-record": 1 / 50,
    "import sguild_contracts": 1 / 50,
    "import sguild_contracts of 1,000 contracts": 1 / 100,
    "validate credit.locked with its envelope": 1.25,
    "validate payment.failed (if, then, else)": 1.5,
    "validate payment.received with a condition on a number": 1.5,
    "validate payment.received with minProperties": 1.5,
}
"""The most that a ratio may be, by its name; what is not here is measured for comparison."""


def main() -> None:
    ratios = [each for part in (commands, diffing, scale, imports, validation) for each in part.ratios()]
    measured = table(ratios, WANTED)
    print(measured)
    before, rest = PAGE.read_text("utf-8").split(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}{measured}\n{END}{rest.partition(END)[2]}", "utf-8")


if __name__ == "__main__":
    main()
