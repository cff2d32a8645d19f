"""How much of a batch is rolled back when one event fails, and for how long that is feared."""

from enum import IntEnum
from typing import Final, Literal, NoReturn

from sguild_dispatcher.delivery.blame import Blame
from sguild_dispatcher.delivery.deliverer import HandlerRaisedError, failed
from sguild_dispatcher.transport.interface import (
    FailedTransactionError,
    Row,
    SpoiledSessionError,
    TransactionLostError,
)

CAREFUL_BATCHES: Final = 20
"""Batches that keep savepoints after one that failed."""


class Care(IntEnum):
    """How much of a batch is rolled back when one event fails."""

    WHOLE_BATCH = 0
    SAVEPOINTS = 1
    ONE_EVENT = 2


_UNPROTECTED: Final = (HandlerRaisedError, TransactionLostError, FailedTransactionError)
"""What a batch without savepoints fails with, and is done again with them on the same session."""


class Caution:
    """The care that the next batch of a partition takes; it outlives the partition's sessions.

    Args:
        blame: takes the event that a commit failed for.
    """

    def __init__(self, blame: Blame) -> None:
        self.blame = blame
        self.care = Care.WHOLE_BATCH
        self._careful_batches = 0
        self._seq_at_hand: int | None = None
        self._used = False

    def new_session(self) -> None:
        """Note that no handler had the session that is used from now on."""
        self._seq_at_hand = None
        self._used = False

    def begin(self) -> None:
        """Note that a transaction begins."""
        self._used = self._used or self._seq_at_hand is not None
        self._seq_at_hand = None

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

    def after_commit_failure(self, error: Exception) -> None:
        """Narrow down which event cannot be committed; the last step blames the one at hand."""
        if self.care is Care.ONE_EVENT:
            self.blame_event_at_hand(error)
        self.raise_care(Care.SAVEPOINTS if self.care is Care.WHOLE_BATCH else Care.ONE_EVENT)

    def blame_event_at_hand(self, error: Exception) -> None:
        """Let the event fail uncalled when it is met next.

        Raises:
            Exception: ``error``, if the event was not called even now: it is not to blame.
        """
        if self._seq_at_hand is None:
            return
        if self.blame.get(self._seq_at_hand) is not None:
            raise error
        self.blame.put(self._seq_at_hand, failed(error.__cause__ or error, again=True))

    def after_batch_failure(self, error: Exception) -> None:
        """Narrow down in which event's handler it began that statements of the worker's own fail.

        Raises:
            SpoiledSessionError: the next attempt needs another session.
            Exception: ``error``, if no handler can be the reason.
        """
        if isinstance(error, _UNPROTECTED) and self.care is Care.WHOLE_BATCH:
            self.raise_care(Care.SAVEPOINTS)
            return
        if self._seq_at_hand is not None:
            self.after_commit_failure(error)
        self.give_up(error)

    def after_retry_failure(self, error: Exception) -> None:
        """Blame the event of a retry, which is alone in its transaction; raises as the former."""
        self.blame_event_at_hand(error)
        self.give_up(error)

    def give_up(self, error: Exception) -> NoReturn:
        """Ask for another session; raises ``error`` if no handler had this one."""
        if self._seq_at_hand is None and not self._used:
            raise error
        raise SpoiledSessionError from error

    def relax(self) -> None:
        """Take less care after enough batches that succeeded."""
        self._careful_batches -= 1
        if self._careful_batches <= 0:
            self.care = Care.WHOLE_BATCH
