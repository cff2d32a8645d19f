"""Deliveries that failed before: each is tried again in a transaction of its own, or without any."""

from typing import Final

from sguild_dispatcher.delivery.care import Caution
from sguild_dispatcher.delivery.deliverer import Deliverer
from sguild_dispatcher.delivery.outcomes import Failure
from sguild_dispatcher.delivery.progress import (
    BatchRules,
    Progress,
    Tally,
    after_failure,
    log_ended_transaction,
)
from sguild_dispatcher.errors import TransactionControlError
from sguild_dispatcher.transport.interface import CommitFailedError, CursorMovedError, HomeSession, Row

_NEVER_ENDED: Final = Failure(
    reason="handler_failed", detail="The process ended during the last attempt.", again=False
)


class Retries:
    """The failed deliveries of one partition.

    Args:
        home: where they are.
        deliverer: calls the handlers.
        rules: by what they are tried again.
        caution: learns which event breaks its transaction.
        tally: counts what is committed.
        inbox: whether the cursor lies elsewhere, so that a success is noted in the inbox, too.
    """

    def __init__(
        self,
        home: HomeSession,
        deliverer: Deliverer,
        *,
        rules: BatchRules,
        caution: Caution,
        tally: Tally,
        inbox: bool,
    ) -> None:
        self._home = home
        self._deliverer = deliverer
        self._rules = rules
        self._caution = caution
        self._tally = tally
        self._inbox = inbox

    async def next_retry(self) -> bool:
        """Try the most overdue delivery again, and tell whether there was one.

        Raises:
            CursorMovedError: another process has done the event meanwhile.
            SpoiledSessionError: handlers left the session in a state that needs another one.
        """
        self._caution.begin()
        progress = Progress()
        try:
            if not await self._retry(progress):
                return False
        except CursorMovedError:
            raise
        except TransactionControlError as error:
            log_ended_transaction(self._rules, error)
        except CommitFailedError as error:
            self._caution.blame_event_at_hand(error)
        except Exception as error:
            if self._home.is_lost(error):
                raise
            self._caution.after_retry_failure(error)
        else:
            progress.committed(self._rules, self._tally, self._caution.blame)
        return True

    async def _retry(self, progress: Progress) -> bool:
        leased: Row | None = None
        async with self._home.transaction():
            row = await self._home.due_retry(self._rules.clock(), hold_back=self._rules.hold_back)
            if row is None:
                return False
            if self._deliverer.is_leased(row) and row["attempts"] >= self._rules.policy.max_attempts:
                progress.add(row, _NEVER_ENDED, row["attempts"], self._rules)
                await self._store(row, progress)
            elif self._deliverer.is_leased(row):
                leased = row
                await self._begin(row)
            elif self._inbox and await self._is_done(row):
                await self._home.delete_failure(row["id"])
            else:
                await self._deliver(row, progress, leased=False)
        if leased is not None:
            await self._deliver_leased(leased, progress)
        return True

    async def _begin(self, row: Row) -> None:
        """Count the attempt before the handler is called: a process that dies in it must not try for ever."""
        next_time = after_failure(
            row, Failure(reason="handler_failed", detail="", again=True), row["attempts"] + 1, self._rules
        )
        await self._home.begin_retry(
            row["id"],
            attempts=row["attempts"] + 1,
            next_attempt_at=next_time.next_attempt_at or self._rules.clock(),
        )

    async def _deliver_leased(self, row: Row, progress: Progress) -> None:
        async with self._home.transaction():
            done = await self._is_done(row)
        if not done:
            await self._deliver(row, progress, leased=True)
            return
        async with self._home.transaction():
            await self._home.delete_failure(row["id"])

    async def _is_done(self, row: Row) -> bool:
        """Tell whether the event's effects are committed, by the handler itself or by another process."""
        return (row["producer"], row["event_id"]) in await self._home.claimed([row])

    async def _deliver(self, row: Row, progress: Progress, *, leased: bool) -> None:
        self._caution.at_hand(row)
        attempt = row["attempts"] + 1
        outcome = await self._deliverer.deliver(
            row,
            self._home,
            attempt=attempt,
            replays=row["replays"],
            protection="lease" if leased else "savepoint",
        )
        progress.add(row, outcome, attempt, self._rules)
        if not leased:
            await self._store(row, progress)
            return
        async with self._home.transaction():
            await self._store(row, progress)

    async def _store(self, row: Row, progress: Progress) -> None:
        if progress.failed:
            await self._home.update_failure(row["id"], progress.failed[0])
            return
        await self._home.delete_failure(row["id"])
        if self._inbox and not await self._home.claim([row]) and not self._deliverer.is_leased(row):
            raise CursorMovedError  # what was written here is written already
        for discarded, reason in progress.discarded:
            await self._home.note_discard(discarded, reason)
