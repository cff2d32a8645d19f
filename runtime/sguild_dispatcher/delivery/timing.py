"""How long handlers take, for ``sguild-dispatcher status``."""

from sguild_dispatcher.transport.interface import HandlerTime


class HandlerTimes:
    """The calls since they were last taken, by event type."""

    def __init__(self) -> None:
        self._times: dict[str, HandlerTime] = {}

    def add(self, event_type: str, seconds: float) -> None:
        """Count one call."""
        found = self._times.get(event_type)
        if found is None:
            found = self._times[event_type] = HandlerTime()
        found.calls += 1
        found.seconds += seconds
        found.slowest = max(found.slowest, seconds)

    def take(self) -> dict[str, HandlerTime]:
        """Return what was counted, and begin anew."""
        taken, self._times = self._times, {}
        return taken
