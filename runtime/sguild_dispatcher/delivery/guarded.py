"""Batches whose effects cannot commit with the cursor: the inbox guards them.

That is so where the log lies in another database than the effects, and where a handler is leased, so that no
transaction is open while it runs. The order is: commit the frozen window, commit effects and inbox, advance
the position. Whatever stops between two of these, the window is read again, and what the inbox has is left
out. Of two processes that both believe that they own the partition, the later one finds its events in the
inbox when it is about to commit, and rolls back.
"""

import time
from collections.abc import Iterator, Sequence
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
    HomeSession,
    LogSession,
    Page,
    Row,
    SpoiledSessionError,
)


class GuardedBatches:
    """Batches of one partition.

    Args:
        log: where the events and the cursor are.
        home: where effects, failures and the inbox are.
        deliverer: calls the handlers.
        rules: what a batch is done by.
        caution: how much is rolled back when one event fails.
        tally: counts what is committed.
    """

    def __init__(
        self,
        log: LogSession,
        home: HomeSession,
        deliverer: Deliverer,
        *,
        rules: BatchRules,
        caution: Caution,
        tally: Tally,
    ) -> None:
        self._log = log
        self._home = home
        self._deliverer = deliverer
        self._rules = rules
        self._caution = caution
        self._tally = tally
        self._place = Place(log)

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
            return await self._batch()
        except (CursorMovedError, SpoiledSessionError):
            raise
        except Exception as error:
            if self._log.is_lost(error) or self._home.is_lost(error):
                raise
            self._caution.give_up(error)

    async def _batch(self) -> Step:
        begun = await self._place.cursor()
        cursor, page = await self._freeze(begun)
        handled = await self._settle_page(page)
        if handled:
            moved = cursor.after(page, handled)
            async with self._log.transaction():
                await self._log.move_cursor(moved, token=None)
            await self._place.moved(moved)
        more = page.flowing and (bool(page.rows) or begun.window is not None or page.restored)
        return Step(more=more, retries=True)

    async def _freeze(self, cursor: Cursor) -> tuple[Cursor, Page]:
        """Fetch a page and commit its window before any of its events is touched."""
        token = uuid4().hex
        async with self._log.transaction():
            began = time.perf_counter()
            page = await self._place.fetch(cursor, limit=self._rules.size, token=token)
            self._rules.telemetry.received(page.rows, began)
            log_fetched(self._rules, page.rows)
            moved = self._before(cursor, page)
            if moved is not None:
                await self._log.move_cursor(moved, token=token)
        if moved is not None:
            await self._place.moved(moved)
        return moved or cursor, page

    def _before(self, cursor: Cursor, page: Page) -> Cursor | None:
        """Return the place to store before a page is delivered, ``None`` if it is stored already."""
        if not page.rows:
            return self._place.after_empty(cursor, page)
        return None if cursor.window is not None else cursor.frozen(page)

    async def _settle_page(self, page: Page) -> int:
        """Deliver a page's events, and return how many are done."""
        if not page.rows:
            return 0
        async with self._home.transaction():
            taken = await self._home.taken(page.rows)
        handled = 0
        deadline = time.monotonic() + BATCH_SECONDS
        for run in self._runs(page.rows):
            handled += await self._settle_run(run, taken)
            if self._rules.stopping() or time.monotonic() > deadline:
                break
        return handled

    def _runs(self, rows: Sequence[Row]) -> Iterator[list[Row]]:
        """Divide a page into single events of leased handlers, and stretches of others between them."""
        stretch: list[Row] = []
        for row in rows:
            if self._deliverer.is_leased(row):
                if stretch:
                    yield stretch
                    stretch = []
                yield [row]
            else:
                stretch.append(row)
        if stretch:
            yield stretch

    async def _settle_run(self, run: Sequence[Row], taken: frozenset[tuple[str, str]]) -> int:
        fresh = [each for each in run if (each["producer"], each["event_id"]) not in taken]
        self._tally.duplicates += len(run) - len(fresh)
        if fresh and self._deliverer.is_leased(fresh[0]):
            await self._settle_leased(fresh[0])
            return len(run)
        done = await self._settle_stretch(fresh)
        return len(run) if done == len(fresh) else run.index(fresh[done])

    async def _settle_leased(self, row: Row) -> None:
        """Call a handler while nothing is open, and then store what became of it."""
        progress = Progress()
        async with self._home.transaction():
            held = await self._held_keys([row])
        if row["ordering_key"] in held:
            progress.add(row, HeldBack(), 1, self._rules)
        else:
            outcome = await self._deliverer.deliver(row, self._home, attempt=1, replays=0, protection="lease")
            progress.add(row, outcome, 1, self._rules)
        async with self._home.transaction():
            await self._note(progress)
        progress.committed(self._rules, self._tally, self._caution.blame)

    async def _settle_stretch(self, rows: Sequence[Row]) -> int:
        """Deliver events in one transaction; more than one when one of them fails."""
        done = 0
        while done < len(rows) and not (done and self._rules.stopping()):
            limit = 1 if self._caution.care is Care.ONE_EVENT else len(rows)
            done += await self._try_stretch(rows[done : done + limit])
        return done

    async def _try_stretch(self, rows: Sequence[Row]) -> int:
        """Return how many events are done; none if they have to be done again with more care."""
        progress = Progress()
        self._caution.begin()
        try:
            async with self._home.transaction():
                await self._deliver_stretch(rows, progress)
        except CursorMovedError:
            raise
        except TransactionControlError as error:
            log_ended_transaction(self._rules, error)
            self._caution.raise_care(Care.SAVEPOINTS)
            return 0
        except CommitFailedError as error:
            self._caution.after_commit_failure(error)
            return 0
        except Exception as error:
            if self._home.is_lost(error):
                raise
            self._caution.after_batch_failure(error)
            return 0
        self._caution.relax()
        progress.committed(self._rules, self._tally, self._caution.blame)
        return len(progress.handled)

    async def _deliver_stretch(self, rows: Sequence[Row], progress: Progress) -> None:
        held = await self._held_keys(rows)
        deadline = time.monotonic() + BATCH_SECONDS
        for row in rows:
            if progress.handled and (self._rules.stopping() or time.monotonic() > deadline):
                break
            if is_held(row, held, progress) and self._rules.hold_back:
                progress.add(row, HeldBack(), 1, self._rules)
                continue
            self._caution.at_hand(row)
            outcome = await self._deliverer.deliver(
                row, self._home, attempt=1, replays=0, protection=self._caution.protection
            )
            progress.add(row, outcome, 1, self._rules)
        done = await self._note(progress)
        if not done.issuperset((each["producer"], each["event_id"]) for each in progress.done):
            raise CursorMovedError  # what was written here is written already

    async def _note(self, progress: Progress) -> frozenset[tuple[str, str]]:
        """Store failures, and in the inbox what is done; a failure is kept by its own row.

        Returns:
            What was not in the inbox before.
        """
        await progress.note(self._home)
        return await self._home.claim(progress.done) if progress.done else frozenset()

    async def _held_keys(self, rows: Sequence[Row]) -> frozenset[str]:
        if not self._rules.hold_back:
            return frozenset()
        return await self._home.failed_keys({each["ordering_key"] for each in rows})
