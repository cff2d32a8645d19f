"""What became of what was published.

Each scenario publishes while something breaks, and then compares two tables: the log, which is read back
since it alone says what was committed, and ``effect``, where the handlers wrote.
"""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from typing import Final

from faults_kit import Publishing, Report, Service
from sguild_dispatcher.database import Connection
from sguild_dispatcher.subscriber import DrainResult

QUIET_SECONDS: Final = 20.0
"""A subscriber that handles nothing for so long, though events wait, has lost them."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What one subscriber made of the log."""

    published: int
    arrived: int
    lost: int
    repeated: int
    invented: int
    disordered: int

    def __str__(self) -> str:
        return (
            f"{self.published} published, {self.arrived} arrived: {self.lost} lost, "
            f"{self.repeated} repeated, {self.invented} never committed, {self.disordered} out of order"
        )

    def check(self) -> None:
        """Fail unless each event has one effect, and those of each lesson are in order."""
        faults = (self.lost, self.repeated, self.invented, self.disordered)
        assert self.published > 0
        assert faults == (0, 0, 0, 0), str(self)


async def judge(log: Connection, home: Connection, name: str = "crm") -> Verdict:
    """Compare the log with a subscriber's effects."""
    rows = await log.fetch(
        "select event_id, seq from sguild_dispatcher.event_log where event_type = 'credit.locked'"
    )
    seqs = {each["event_id"]: each["seq"] for each in rows}
    effects = await home.fetch("select event_id, lesson from effect where subscriber = $1 order by id", name)
    times = Counter(each["event_id"] for each in effects)
    newest: dict[str, int] = {}
    disordered = 0
    for each in effects:
        seq = seqs.get(each["event_id"], 0)
        disordered += seq < newest.get(each["lesson"], 0)
        newest[each["lesson"]] = max(seq, newest.get(each["lesson"], 0))
    return Verdict(
        published=len(seqs),
        arrived=len(times.keys() & seqs.keys()),
        lost=len(seqs.keys() - times.keys()),
        repeated=sum(each - 1 for each in times.values()),
        invented=len(times.keys() - seqs.keys()),
        disordered=disordered,
    )


async def arrival(
    log: Connection, home: Connection, subscribers: int = 1, *, events: int | None = None
) -> None:
    """Wait until each event has an effect, or until nothing has happened for long, as the verdict will show.

    Args:
        log: the database of the log.
        home: that of the effects.
        subscribers: how many subscribers get each event.
        events: how many events there will be, by default as many as there are.
    """
    if events is None:
        events = await log.fetchval(
            "select count(*) from sguild_dispatcher.event_log where event_type = 'credit.locked'"
        )
    seen, since = -1, time.monotonic()
    while time.monotonic() - since < QUIET_SECONDS:
        found = await home.fetchval("select count(distinct (subscriber, event_id)) from effect")
        if found >= events * subscribers:
            return
        if found != seen:
            seen, since = found, time.monotonic()
        await asyncio.sleep(0.05)


async def nothing_is_left(*services: Service) -> None:
    """Fail unless a worker that starts now finds nothing to do."""
    for each in services:
        result = await asyncio.wait_for(each.subscriber().drain(), 60)
        assert result == DrainResult(duplicates=result.duplicates), f"{each.name} was not done: {result}"


async def conclude(
    database: Connection, publishing: Publishing, services: list[Service], faults: str, report: Report
) -> None:
    """Judge each subscriber: what the server confirmed is in the log, and all of the log has arrived."""
    known = {
        each["event_id"] for each in await database.fetch("select event_id from sguild_dispatcher.event_log")
    }
    forgotten = len(publishing.acknowledged - known)
    failed = await database.fetchval("select count(*) from sguild_dispatcher.failed_delivery")
    for service in services:
        verdict = await judge(database, database, service.name)
        report(
            f"{service.name}: {faults}, {publishing.unknown} transactions lost, "
            f"{forgotten} confirmed but forgotten, {failed} failed deliveries; {verdict}"
        )
        verdict.check()
    assert forgotten == failed == 0
    await nothing_is_left(*services)
