"""What a rule about a change is: beside its texts the change that undoes it, what it does, and an example."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from sguild_codegen.report.rules import Rule

Effect: TypeAlias = Literal["narrows", "widens", "either", "nothing"]
"""Whether a schema accepts less after the edit, or more, or one or the other, or the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRule(Rule):
    """A rule about an edit of a schema or of the registry.

    ``mirror`` is the name of the rule about the edit that undoes it, maybe its own, or empty.
    ``instead`` says how to reach the same without breaking a reader. ``before`` and ``after`` are an example
    as JSON: two schemas, or two registries of which only what differs is shown.
    """

    mirror: str = ""
    effect: Effect = "nothing"
    instead: str = ""
    before: str = ""
    after: str = ""
