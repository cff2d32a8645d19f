"""How much of a batch is rolled back when one event fails, and for how long that is feared."""

from enum import IntEnum
from typing import Final, Literal

from sguild_dispatcher.delivery.blame import Blame
from sguild_dispatcher.delivery.deliverer import failed
from sguild_dispatcher.transport.interface import CommitFailedError, Row

CAREFUL_BATCHES: Final = 20
"""Batches that keep savepoints after one that failed."""


class Care(IntEnum):
    """How much of a batch is rolled back when one event fails."""

    WHOLE_BATCH = 0
    SAVEPOINTS = 1
    ONE_EVENT = 2


class Caution:
    """The care that the next batch takes.

    Args:
        blame: takes the event that a commit failed for.
    """

    def __init__(self, blame: Blame) -> None:
        self.blame = blame
        self.care = Care.WHOLE_BATCH
        self._careful_batches = 0
        self._seq_at_hand: int | None = None

    @property
    def protection(self) -> Literal["none", "savepoint"]:
        """What protects a batch from its next handler."""
        return "none" if self.care is Care.WHOLE_BATCH else "savepoint"

    def at_hand(self, row: Row) -> None:
        """Note which event is delivered now."""
        self._seq_at_hand = row["seq"]

    def raise_care(self, care: Care) -> None:
        """Take at least this much care, for some batches."""
        self.care = max(self.care, care)
        self._careful_batches = CAREFUL_BATCHES

    def after_commit_failure(self, error: CommitFailedError) -> None:
        """Narrow down which event cannot be committed; the last step blames the one at hand."""
        if self.care is Care.ONE_EVENT:
            self.blame_event_at_hand(error)
        self.raise_care(Care.SAVEPOINTS if self.care is Care.WHOLE_BATCH else Care.ONE_EVENT)

    def blame_event_at_hand(self, error: CommitFailedError) -> None:
        """Let the event fail uncalled when it is met next."""
        if self._seq_at_hand is not None:
            self.blame.put(self._seq_at_hand, failed(error.__cause__ or error, again=True))

    def relax(self) -> None:
        """Take less care after enough batches that succeeded."""
        self._careful_batches -= 1
        if self._careful_batches <= 0:
            self.care = Care.WHOLE_BATCH
