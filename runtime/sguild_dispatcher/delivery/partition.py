"""The loop of one partition: batches and retries, for as long as this process owns it."""

import asyncio
from collections.abc import Callable
from typing import Final

from sguild_dispatcher.delivery.guarded import GuardedBatches
from sguild_dispatcher.delivery.retrying import Retries
from sguild_dispatcher.delivery.transactional import TransactionalBatches
from sguild_dispatcher.transport.interface import CursorMovedError

RETRIES_A_STEP: Final = 50
"""Retries that are done before the log is looked at again."""


class PartitionLoop:
    """Delivers one partition.

    Args:
        batches: deliver what is new.
        retries: deliver what failed before.
        refresh: is called before each look at the log, to learn of other keys.
        poll_interval: seconds between two looks at the log when nothing waits.
        stopping: whether to end after the handler at hand.
    """

    def __init__(
        self,
        batches: TransactionalBatches | GuardedBatches,
        retries: Retries,
        *,
        refresh: Callable[[], None],
        poll_interval: float,
        stopping: Callable[[], bool],
    ) -> None:
        self._batches = batches
        self._retries = retries
        self._refresh = refresh
        self._poll_interval = poll_interval
        self._stopping = stopping
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Look at the log at once."""
        self._wake.set()

    async def run(self, *, drain: bool) -> None:
        """Deliver until the owner stops, or until nothing waits if ``drain`` is true.

        Raises:
            CursorMovedError: the partition is no longer what it was when the loop began.
        """
        moved = False
        while not self._stopping():
            self._wake.clear()
            self._refresh()
            try:
                busy = await self._step()
            except CursorMovedError:
                # Somebody set the cursor anew, or was here. Twice in a row is for the owner to judge.
                if moved:
                    raise
                moved = True
                self._batches.forget_cursor()
                continue
            moved = False
            if busy:
                continue
            if drain:
                return
            await self._pause()

    async def _step(self) -> bool:
        """Do one batch and the retries that are due, and tell whether there may be more to do."""
        step = await self._batches.next_batch()
        retried = step.retries and await self._retry()
        return step.more or retried

    async def _retry(self) -> bool:
        for done in range(RETRIES_A_STEP):
            if self._stopping() or not await self._retries.next_retry():
                return done > 0
        return True

    async def _pause(self) -> None:
        """Wait until the time passes, a wake-up comes, or the owner stops."""
        if self._stopping():
            return
        try:
            await asyncio.wait_for(self._wake.wait(), self._poll_interval)
        except TimeoutError:
            return
