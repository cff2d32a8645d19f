"""Policies: in which directions a new version has to be compatible, and with which of the older ones."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Lens: TypeAlias = Literal["strict", "tolerant"]


@dataclass(frozen=True, slots=True)
class Policy:
    """What has to hold between two versions.

    ``backward``: readers of the new one take old events. ``forward``: readers of the old one take new events.
    ``transitive``: not only for the version before, but for each one that is live.
    """

    backward: bool
    forward: bool
    transitive: bool = False

    @property
    def is_none(self) -> bool:
        """Whether everything goes, so that findings are only told."""
        return not (self.backward or self.forward)


POLICIES: Final = {
    "NONE": Policy(backward=False, forward=False),
    "BACKWARD": Policy(backward=True, forward=False),
    "FORWARD": Policy(backward=False, forward=True),
    "FULL": Policy(backward=True, forward=True),
    "BACKWARD_TRANSITIVE": Policy(backward=True, forward=False, transitive=True),
    "FORWARD_TRANSITIVE": Policy(backward=False, forward=True, transitive=True),
    "FULL_TRANSITIVE": Policy(backward=True, forward=True, transitive=True),
}

FORWARD: Final = POLICIES["FORWARD"]
FULL: Final = POLICIES["FULL"]
NONE: Final = POLICIES["NONE"]


@dataclass(frozen=True, slots=True)
class Judging:
    """How verdicts are judged: the policy, whose readers count, and whether an open verdict passes."""

    policy: Policy
    lens: Lens = "tolerant"
    allow_undecided: bool = False
