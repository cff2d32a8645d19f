"""A clock that a test sets."""

from datetime import UTC, datetime, timedelta


class ManualClock:
    """A clock that stands still until the test moves it; it begins at the present moment.

    Attributes:
        now: the moment, which must be aware; assign it to go anywhere.
    """

    def __init__(self, now: datetime | None = None) -> None:
        self.now = datetime.now(UTC) if now is None else now

    def __call__(self) -> datetime:
        """Return the moment."""
        return self.now

    def advance(
        self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0
    ) -> datetime:
        """Go on by this much, and return the new moment."""
        self.now += timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        return self.now
