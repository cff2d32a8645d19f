"""What can be counted and measured; each library of metrics implements it once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from sguild_dispatcher.subscriptions import SubscriberName

Outcome: TypeAlias = Literal["delivered", "passed_over", "discarded", "retrying", "dead", "held"]
"""What a commit made of an event; ``retrying`` and ``dead`` are failures."""


@dataclass(frozen=True, slots=True)
class Settled:
    """Events of one type that came to the same end, for the same reason (empty unless they failed)."""

    event_type: str
    outcome: Outcome
    reason: str = ""


class Observer(Protocol):
    """Where publishing and delivering are counted. Nothing in it tells tenants, subjects or events apart."""

    def sent(self, event_type: str, count: int, error: str) -> None:
        """Events were given to the database, inside a transaction that may yet roll back.

        Args:
            event_type: their type.
            count: how many.
            error: the class of what the database raised, empty if it took them.
        """
        ...

    def publishing(self, event_type: str, seconds: float, error: str) -> None:
        """A call of a publisher took some time; ``event_type`` is empty for a batch of several."""
        ...

    def received(self, subscriber: SubscriberName, seconds: float) -> None:
        """A fetch that returned events took some time."""
        ...

    def processed(self, subscriber: SubscriberName, event_type: str, seconds: float, error: str) -> None:
        """A handler took some time, and raised an exception of the class ``error`` unless that is empty."""
        ...

    def settled(self, subscriber: SubscriberName, counts: Mapping[Settled, int]) -> None:
        """A commit settled so many events."""
        ...

    def lagging(self, subscriber: SubscriberName, log: str, seconds: Mapping[int, float | None]) -> None:
        """The oldest waiting event of each partition has waited so long.

        ``None`` says that the partition is no longer this worker's to tell of. Others are left as they are:
        another worker of the same process may own them.
        """
        ...
