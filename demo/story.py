"""The story, chapter by chapter. Each chapter checks what it tells: a story that is not true fails."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

import asyncpg

from demo.readers import Readers
from demo.revenue import Booking, Revenue
from demo.telling import Teller
from sguild_contracts import PersonId
from sguild_dispatcher import DeadLetterFilter, DeadLetterRecord, DeadLetters, Subscriber, request_context

_TENANT: Final = "sguild-berlin"
_DOMAINS: Final = ("sales", "delivery", "coaching")
_LONGEST_WAIT: Final = 10.0


class StoryError(Exception):
    """Something did not happen as it is told."""


class CancelledBookingError(Exception):
    """The customer changes their mind in the middle of a business transaction."""


@dataclass(slots=True)
class Story:
    """Everything that the chapters share."""

    dsn: str
    pool: "asyncpg.Pool[asyncpg.Record]"
    teller: Teller
    revenue: Revenue
    readers: Readers
    subscribers: tuple[Subscriber, ...]
    customer: PersonId

    async def play(self) -> None:
        """Tell the whole story.

        Raises:
            StoryError: something did not happen as it is told.
        """
        for subscriber in self.subscribers:
            await subscriber.register("beginning")
        await self.first_lesson(self._booking())
        await self.rolled_back(self._booking())
        await self.second_lesson(self._booking())
        await self.tampered(self._booking())
        await self.dead_letter(self._booking())
        await self.summary()

    async def first_lesson(self, booking: Booking) -> None:
        """Reserve, fund and lock: three events, and the handoff that follows a person's first lock."""
        self.teller.chapter("Ada books her first lesson: revenue reserves, funds and locks her credits")
        async with self._business() as connection:
            await self.revenue.reserve(connection, booking)
            await self.revenue.fund(connection, booking)
        async with self._business() as connection:
            handed_over = await self.revenue.lock(connection, booking)
        _expect("a person's first lock hands the customer over", handed_over)
        await self._drain()
        await self._expect_published(
            {"credit.reserved": 1, "reservation.funded": 1, "credit.locked": 1, "customer.handoff": 1}
        )
        await self._expect_received({"sales": 2, "delivery": 4, "coaching": 2})

    async def rolled_back(self, booking: Booking) -> None:
        """A transaction that is rolled back publishes nothing."""
        self.teller.chapter("A booking is cancelled in the middle of its transaction")
        before = await self._counts("published")
        with contextlib.suppress(CancelledBookingError):
            async with self._business() as connection:
                await self.revenue.reserve(connection, booking)
                raise CancelledBookingError
        await self._drain()
        _expect("a rolled-back transaction publishes nothing", await self._counts("published") == before)
        self.teller.says(
            f"Rolled back, and the event with it: the log still holds {before.total()} events, "
            "and nobody received anything."
        )

    async def second_lesson(self, booking: Booking) -> None:
        """A second lock of the same person gives no second handoff."""
        self.teller.chapter("Ada books a second lesson: a second lock, and no second handoff")
        async with self._business() as connection:
            await self.revenue.reserve(connection, booking)
            handed_over = await self.revenue.lock(connection, booking)
        _expect("a second lock hands nobody over", not handed_over)
        await self._drain()
        await self._expect_published({"credit.locked": 2, "customer.handoff": 1})
        await self._expect_received({"sales": 3, "delivery": 6, "coaching": 4})

    async def tampered(self, booking: Booking) -> None:
        """A row that was changed in the log never reaches a handler."""
        self.teller.chapter("Somebody changes a row in the log: 2 credits become 900")
        async with self._business() as connection:
            await self.revenue.reserve(connection, booking)
        await self.pool.execute(_sql("tamper"), booking.credit_reservation_id)
        self.teller.event("intruder", "tampers", "credit.reserved", "the body is no longer what was signed")
        before = await self._counts("received")
        await self._drain()
        _expect("a tampered event reaches no handler", await self._counts("received") == before)
        letters = await self._dead_letters(DeadLetterFilter(reason="bad_signature"))
        _expect("both of its readers refuse a tampered event", len(letters) == len(("delivery", "coaching")))
        for letter in letters:
            note = f"tampered, so it is a dead letter ({letter.reason})"
            self.teller.event(letter.subscriber.domain, "refuses", letter.event_type, note)

    async def dead_letter(self, booking: Booking) -> None:
        """A handler fails until its attempts are used up; mended, the event is replayed to success."""
        self.teller.chapter("The coaches' calendar is offline: retries, then a dead letter")
        self.readers.calendar.online = False
        async with self._business() as connection:
            await self.revenue.reserve(connection, booking)
            await self.revenue.lock(connection, booking)
        letter = await self._drain_until_dead()
        self.teller.says(
            f"dead letter {letter.id}: {letter.event_type} for {letter.subscriber}, "
            f"after {letter.attempts} attempts ({letter.detail})"
        )
        self.teller.chapter("The calendar is online again: the dead letter is replayed")
        self.readers.calendar.online = True
        await self._replay(letter)
        await self._drain()
        _expect(
            "the replay succeeds", not await self._dead_letters(DeadLetterFilter(reason="handler_failed"))
        )
        await self._expect_published({"credit.locked": 3, "customer.handoff": 1})
        await self._expect_received({"sales": 4, "delivery": 8, "coaching": 6})
        self.teller.says("Neither the third lock nor the replay gave a second customer.handoff.")

    async def summary(self) -> None:
        """Count what was published and received; the key of the effects would have refused a second one."""
        self.teller.chapter("Summary")
        published, received = await self._counts("published"), await self._counts("received")
        rows = [
            (name, str(count), *(str(received[domain, name]) for domain in _DOMAINS))
            for (name,), count in sorted(published.items())
        ]
        self.teller.table(("event type", "published", *_DOMAINS), rows)
        letters = await self._dead_letters(DeadLetterFilter())
        self.teller.says(
            f"Dead letters left: {len(letters)}, the tampered event for each of its two readers."
        )
        self.teller.says("Every other event was received once by each reader that has a handler for it.")

    @contextlib.asynccontextmanager
    async def _business(self) -> AsyncGenerator["asyncpg.pool.PoolConnectionProxy[asyncpg.Record]", None]:
        """Open a business transaction of revenue, in the context of a request by the customer."""
        with request_context(tenant_id=_TENANT, actor=self.customer):
            async with self.pool.acquire() as connection, connection.transaction():
                yield connection

    async def _drain(self) -> None:
        for subscriber in self.subscribers:
            await subscriber.drain()

    async def _drain_until_dead(self) -> DeadLetterRecord:
        """Deliver until the failing handler's attempts are used up."""
        async with asyncio.timeout(_LONGEST_WAIT):
            while True:
                await self._drain()
                letters = await self._dead_letters(DeadLetterFilter(reason="handler_failed"))
                if letters:
                    return letters[0]
                await asyncio.sleep(0.02)

    async def _replay(self, letter: DeadLetterRecord) -> None:
        replayed = await DeadLetters(self.dsn).replay(
            DeadLetterFilter(ids=(letter.id,)), actor="demo", reason="the calendar is online again"
        )
        self.teller.says(f"replay: {replayed.count} dead letter goes back to {letter.subscriber}")

    def _booking(self) -> Booking:
        return Booking(self.customer)

    async def _dead_letters(self, only: DeadLetterFilter) -> list[DeadLetterRecord]:
        return await DeadLetters(self.dsn).list(only)

    async def _counts(self, query: str) -> Counter[tuple[str, ...]]:
        """Return the numbers of a counting query, by the columns before the number."""
        return Counter({tuple(row[:-1]): row[-1] for row in await self.pool.fetch(_sql(query))})

    async def _expect_published(self, wanted: Mapping[str, int]) -> None:
        published = await self._counts("published")
        found = {name: published[name,] for name in wanted}
        _expect(f"published {dict(wanted)}, found {found}", found == wanted)

    async def _expect_received(self, wanted: Mapping[str, int]) -> None:
        found: Counter[str] = Counter()
        for (domain, _), count in (await self._counts("received")).items():
            found[domain] += count
        _expect(f"received {dict(wanted)}, found {dict(found)}", found == wanted)


def _expect(fact: str, holds: bool) -> None:
    if not holds:
        raise StoryError(f"This should have happened, and did not: {fact}.")


@cache
def _sql(name: str) -> str:
    return files("demo").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
