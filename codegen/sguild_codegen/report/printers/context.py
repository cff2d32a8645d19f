"""What a printer is told beside the findings."""

from dataclasses import dataclass
from typing import Final

from sguild_codegen.report.rules import Level

ERRORS: Final[frozenset[Level]] = frozenset({"error"})
WARNINGS: Final[frozenset[Level]] = frozenset({"error", "warning"})


@dataclass(frozen=True, slots=True)
class Context:
    """The run that findings are from.

    Only text has a use for ``color``. ``checked`` says what was looked at, as "contracts against
    origin/main", for the formats that have a place for it. ``failing`` are the levels with which the command
    ends with exit code 1, for the format that has tests which pass or fail.
    """

    color: bool = False
    checked: str = ""
    failing: frozenset[Level] = ERRORS


PLAIN: Final = Context()
