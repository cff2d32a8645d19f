"""What became of a delivery, and what a handler may raise to say what should become of it."""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

from sguild_dispatcher.errors import DispatcherError

if TYPE_CHECKING:
    from sguild_dispatcher.reading import Reason


class HandlerVerdict(DispatcherError):  # noqa: N818 - what a handler raises to say, not what went wrong
    """The base of what a handler raises on purpose; what it wrote for the event is rolled back."""


class Retry(HandlerVerdict):
    """Try the event again: ``raise Retry(after=60)``. The attempt counts, as any other that failed.

    Args:
        reason: why, for logs and dead letters.
        after: seconds, or a ``timedelta``; by default the schedule of retries decides.
    """

    def __init__(self, reason: str = "", *, after: float | timedelta | None = None) -> None:
        super().__init__(reason or "the handler asks for another attempt")
        self.after = timedelta(seconds=after) if isinstance(after, int | float) else after


class Discard(HandlerVerdict):
    """Forget the event: it is done, without effect, and the audit keeps the reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)


class DeadLetter(HandlerVerdict):
    """Give the event to people at once: no further attempt would help."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)


class Success(Enum):
    """What became of an event that nothing is left to do for."""

    DELIVERED = "delivered"
    PASSED_OVER = "passed_over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Discarded:
    """The handler wants no more of the event."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a delivery failed.

    ``again`` tells whether another attempt may help, ``after`` when it is to be made, if the handler said so.
    """

    reason: "Reason"
    detail: str
    again: bool = False
    after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class HeldBack:
    """An earlier event of the same key failed, and the subscriber wants them in order."""


Outcome: TypeAlias = Success | Discarded | Failure | HeldBack
