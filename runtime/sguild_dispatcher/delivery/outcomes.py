"""What became of a delivery, and what a handler may raise to say what should become of it."""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias, cast

from sguild_dispatcher.errors import DispatcherError

if TYPE_CHECKING:
    from sguild_dispatcher.reading import Reason


LONGEST_WAIT: Final = timedelta(days=3650)
"""How long a handler may let an event wait at most."""


class HandlerVerdict(DispatcherError):  # noqa: N818 - what a handler raises to say, not what went wrong
    """The base of what a handler raises on purpose; what it wrote for the event is rolled back."""


class Retry(HandlerVerdict):
    """Try the event again: ``raise Retry(after=60)``. The attempt counts, as any other that failed.

    Args:
        reason: why, for logs and dead letters.
        after: seconds, or a ``timedelta``, up to ten years; by default the schedule of retries decides.

    Raises:
        ValueError: it is neither, below 0 or longer.
    """

    after: timedelta | None = None

    def __init__(self, reason: str = "", *, after: float | timedelta | None = None) -> None:
        super().__init__(reason or "the handler asks for another attempt")
        self.after = None if after is None else _wait(after)


def _wait(after: object) -> timedelta:
    try:
        wait = after if isinstance(after, timedelta) else timedelta(seconds=cast("float", after))
    except (TypeError, ValueError, OverflowError):
        wait = None
    if wait is None or not timedelta() <= wait <= LONGEST_WAIT:
        raise ValueError(
            f"Retry(after={after!r}): it is a number of seconds or a timedelta, from 0 to "
            f"{LONGEST_WAIT.days} days; leave it out to let the schedule of retries decide."
        )
    return wait


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
