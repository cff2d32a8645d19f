"""Importing the generated package, and what it costs to use one event of it."""

import sys
from typing import Final

from measuring import Ratio, command, medians

ROUNDS: Final = 9


def ratios() -> list[Ratio]:
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
