"""Events that break more than their own delivery."""

from collections.abc import Iterable
from typing import Final

from sguild_dispatcher.delivery.outcomes import Failure
from sguild_dispatcher.transport.interface import Row

_LOSSES_BEFORE_BLAME: Final = 3


class Blame:
    """Events that broke a transaction from outside of their savepoint, by seq: they fail uncalled afterwards.

    It outlives a connection, so that an event whose handler ends the connection is found out.
    """

    def __init__(self) -> None:
        self._failures: dict[int, Failure] = {}
        self._losses: dict[int, int] = {}

    def get(self, seq: int) -> Failure | None:
        """Return why the event fails, ``None`` if nothing is held against it."""
        return self._failures.get(seq)

    def put(self, seq: int, failure: Failure) -> None:
        """Let the event fail when it is met next."""
        self._failures[seq] = failure

    def connection_lost(self, seq: int, failure: Failure) -> None:
        """Note that the connection was lost in the event's handler; the third time the event is to blame."""
        self._losses[seq] = self._losses.get(seq, 0) + 1
        if self._losses[seq] >= _LOSSES_BEFORE_BLAME:
            self.put(seq, failure)

    def settled(self, rows: Iterable[Row]) -> None:
        """Forget events, since their outcomes are committed."""
        if not (self._failures or self._losses):
            return
        for each in rows:
            self._failures.pop(each["seq"], None)
            self._losses.pop(each["seq"], None)
