"""A batch in one transaction: it fetches, calls handlers, notes failures, and moves the cursor.

Batches are optimistic. When a handler fails, the batch is rolled back and done again with a savepoint
around each handler, and savepoints stay on for some batches. When even then the commit fails (a deferred
constraint), events are done one a transaction, so that the one to blame is known.
"""

import asyncio
import time
from typing import Final
from uuid import uuid4

from sguild_dispatcher.delivery.care import Care, Caution
from sguild_dispatcher.delivery.deliverer import Deliverer
from sguild_dispatcher.delivery.outcomes import HeldBack
from sguild_dispatcher.delivery.place import Place
from sguild_dispatcher.delivery.progress import (
    BATCH_SECONDS,
    BatchRules,
    Progress,
    Step,
    Tally,
    is_held,
    log_ended_transaction,
    log_fetched,
)
from sguild_dispatcher.errors import TransactionControlError
from sguild_dispatcher.transport.interface import (
    CommitFailedError,
    Cursor,
    CursorMovedError,
    Page,
    Session,
    TransactionLostError,
)

TURN_SECONDS: Final = 0.001
"""How long handlers that wait for nothing keep the event loop.

Then the answers to other partitions of the process are taken, so that the server works while handlers run.
"""


class TransactionalBatches:
    """Batches of one partition whose log lies in the subscriber's own database."""

    def __init__(
        self, session: Session, deliverer: Deliverer, *, rules: BatchRules, caution: Caution, tally: Tally
    ) -> None:
        self._session = session
        self._deliverer = deliverer
        self._rules = rules
        self._caution = caution
        self._tally = tally
        self._place = Place(session)

    def forget_cursor(self) -> None:
        """Load the cursor anew before the next batch."""
        self._place.forget()

    async def next_batch(self) -> Step:
        """Deliver what one fetch returns.

        Raises:
            CursorMovedError: another process moved the cursor, or the subscription is retired.
            SpoiledSessionError: handlers left the session in a state that needs another one.
        """
        self._caution.begin()
        try:
            step = await self._batch(await self._place.cursor())
        except CursorMovedError:
            raise
        except TransactionLostError as error:
            self._caution.after_batch_failure(error)
        except TransactionControlError as error:
            log_ended_transaction(self._rules, error)
            self._caution.raise_care(Care.SAVEPOINTS)
        except CommitFailedError as error:
            self._caution.after_commit_failure(error)
        except Exception as error:
            if self._session.is_lost(error):
                raise
            self._caution.after_batch_failure(error)
        else:
            self._caution.relax()
            return step
        return Step(more=True, retries=False)

    async def _batch(self, cursor: Cursor) -> Step:
        token = uuid4().hex
        progress = Progress()
        async with self._session.transaction():
            limit = 1 if self._caution.care is Care.ONE_EVENT else self._rules.size
            began = time.perf_counter()
            page = await self._place.fetch(cursor, limit=limit, token=token)
            self._rules.telemetry.received(page.rows, began)
            log_fetched(self._rules, page.rows)
            await self._settle_page(page, progress)
            await progress.note(self._session)
            moved = (
                cursor.after(page, len(progress.handled))
                if progress.handled
                else None if page.rows else self._place.after_empty(cursor, page)
            )  # fmt: skip
            if moved is not None:
                await self._session.move_cursor(moved, token=token)
        progress.committed(self._rules, self._tally, self._caution.blame)
        if moved is not None:
            await self._place.moved(moved)
        more = page.flowing and (bool(page.rows) or cursor.window is not None or page.restored)
        return Step(more=more, retries=page.failures)

    async def _settle_page(self, page: Page, progress: Progress) -> None:
        """Deliver a page's events until it ends, the worker stops, or the batch has taken long enough."""
        held = await self._held_keys(page)
        rules, session, deliver = self._rules, self._session, self._deliverer.deliver
        protection = self._caution.protection
        now = time.monotonic()
        deadline, turn = now + BATCH_SECONDS, now + TURN_SECONDS
        for row in page.rows:
            now = time.monotonic()
            if rules.stopping() or (progress.handled and now > deadline):
                break
            if now > turn:
                await asyncio.sleep(0)
                turn = time.monotonic() + TURN_SECONDS
            if rules.hold_back and is_held(row, held, progress):
                progress.add(row, HeldBack(), 1, rules)
            else:
                self._caution.at_hand(row)
                outcome = await deliver(row, session, attempt=1, replays=0, protection=protection)
                progress.add(row, outcome, 1, rules)

    async def _held_keys(self, page: Page) -> frozenset[str]:
        if not (self._rules.hold_back and page.failures and page.rows):
            return frozenset()
        return await self._session.failed_keys({each["ordering_key"] for each in page.rows})
