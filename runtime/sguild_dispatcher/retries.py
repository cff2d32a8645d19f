"""When a failed delivery is tried again, and when it becomes a dead letter."""

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, cast

from pydantic import ValidationError

from sguild_dispatcher.errors import ConfigurationError

if TYPE_CHECKING:
    from sguild_dispatcher.settings import Settings

_DETAIL_LENGTH: Final = 300
_LONGEST_WAIT: Final = 999_999_999

SAID_BY_HANDLERS: Final = ("handler_failed", "handler_rejected")
"""Reasons whose detail is the class of an exception and its message, which a handler wrote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Exponential backoff with full jitter: before attempt ``n + 1`` up to ``base * 2 ** (n - 1)`` seconds.

    Attributes:
        max_attempts: deliveries of one event, the first included; 1 makes every failure a dead letter.
        base: upper limit of the first wait, in seconds.
        cap: upper limit of every wait, in seconds.

    Raises:
        ConfigurationError: there is less than one attempt, or a wait cannot be.
    """

    max_attempts: int = 5
    base: float = 1.0
    cap: float = 300.0

    def __post_init__(self) -> None:
        if not isinstance(cast("object", self.max_attempts), int) or self.max_attempts < 1:
            raise ConfigurationError(
                f"RetryPolicy(max_attempts={self.max_attempts!r}) must be a number of attempts, 1 or more: "
                "1 tries nothing again."
            )
        for name in ("base", "cap"):
            value = getattr(self, name)
            if not isinstance(value, int | float) or not 0 <= value <= _LONGEST_WAIT:
                raise ConfigurationError(
                    f"RetryPolicy({name}={value!r}) must be a number of seconds from 0 to {_LONGEST_WAIT}: "
                    "0 tries again at once."
                )

    @classmethod
    def from_settings(cls, settings: "Settings") -> "RetryPolicy":
        """Take ``SGUILD_DISPATCHER_MAX_ATTEMPTS``, ``_BACKOFF_BASE`` and ``_BACKOFF_CAP``."""
        return cls(max_attempts=settings.max_attempts, base=settings.backoff_base, cap=settings.backoff_cap)

    def limit(self, attempts: int) -> float:
        """Return the longest wait after ``attempts`` failed attempts, in seconds."""
        # The exponent is bounded, because a float overflows long after the cap is reached.
        return min(self.cap, self.base * 2.0 ** min(attempts - 1, 60))

    def delay(self, attempts: int) -> timedelta | None:
        """Return the wait after ``attempts`` failed attempts, ``None`` if that was the last one."""
        if attempts >= self.max_attempts:
            return None
        return timedelta(seconds=random.uniform(0, self.limit(attempts)))  # noqa: S311 - no secret


def failure_detail(error: BaseException) -> str:
    """Describe an exception in one short line: the name of its class, and the first line of its message.

    A validation error quotes its input, and PostgreSQL's second line quotes the row: neither is taken.
    A message of the service's own may still quote a payload; see :func:`shown_detail`.
    """
    message = message_of(error).partition("\n")[0]
    return shortened(f"{type(error).__name__}: {message}" if message else type(error).__name__)


def message_of(error: BaseException) -> str:
    """Return what an exception says, nothing if it cannot say it: its class may be anybody's."""
    try:
        return validation_detail(error) if isinstance(error, ValidationError) else str(error)
    except Exception:  # noqa: BLE001 - whatever it is, it must not hide the exception itself
        return ""


def shown_detail(reason: str, detail: str) -> str:
    """Return what logs and lists show of a failure's detail: no text that a handler wrote.

    The message of a handler's exception is text of the service, which may quote the payload
    (``no customer Ada Lovelace``). Logs are copied to many places and lists are looked at by many people,
    so both name only the exception's class; the message stays in the dead letter, beside the event that it
    may quote, and ``dead-letters show`` prints it. The details of all other reasons are the runtime's own
    words, without values.
    """
    return detail.partition(":")[0] if reason in SAID_BY_HANDLERS else detail


def validation_detail(error: ValidationError) -> str:
    """List where a document is wrong, and by which rule, without its values."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return ", ".join(f"{'.'.join(map(str, each['loc'])) or 'document'}: {each['type']}" for each in found)


def shortened(text: str) -> str:
    """Cut a text for the column ``detail``, and take out what PostgreSQL cannot store."""
    text = storable(text)
    return text if len(text) <= _DETAIL_LENGTH else text[: _DETAIL_LENGTH - 1] + "…"


def storable(text: str) -> str:
    """Take out of a text what PostgreSQL cannot store."""
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
