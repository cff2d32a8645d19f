"""How much is published and delivered, and what: the same payload for all sides."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sguild_contracts import CreditAccountId, CreditReleased, CreditReservationId
from sguild_contracts.testing import make_event

TENANT: Final = "sguild-berlin"
BATCH: Final = 1_000
_DISTINCT: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Numbers of events.

    Attributes:
        rounds: how often everything is measured.
        published: published one by one, each in a transaction of its own.
        batches: batches of 1,000.
        delivered: waiting when the subscribers begin.
        slow_jobs: the same for procrastinate, which would take minutes for as many.
        timed: sent at 50 a second, for the time each takes.
        held: published and delivered in steps of ``held_step`` while a transaction is open.
    """

    rounds: int
    published: int
    batches: int
    delivered: int
    slow_jobs: int
    timed: int
    held: int
    held_step: int


FULL: Final = Load(
    rounds=3, published=1_000, batches=10, delivered=20_000, slow_jobs=1_000, timed=200, held=60_000,
    held_step=10_000,
)  # fmt: skip
QUICK: Final = Load(
    rounds=1, published=20, batches=1, delivered=1_000, slow_jobs=20, timed=10, held=2_000, held_step=1_000
)


def payloads(count: int) -> Iterator[CreditReleased]:
    """Return payloads with all eight fields; ids repeat after the first thousand."""
    return itertools.islice(itertools.cycle(_PAYLOADS), count)


def _payload() -> CreditReleased:
    return CreditReleased(
        credit_reservation_id=CreditReservationId.mint(),
        credit_account_id=CreditAccountId.mint(),
        released_credits=4,
        initiator="customer",
        reason_code="site_closure",
        reversal_reason="Credits Released",
        reason_note="ice on the pitch",
        cancelled_at=datetime(2026, 6, 2, 9, 30, tzinfo=UTC),
    )


_PAYLOADS: Final = [_payload() for _ in range(_DISTINCT)]


def _body() -> bytes:
    event = make_event(_payload(), tenant_id=TENANT)
    return (
        event.model_copy(update={"actor": "system:revenue", "correlation_id": event.event_id})
        .model_dump_json()
        .encode()
    )


BODY: Final = _body()
"""An event as the peers send it: what our own side makes, validates and signs for each."""
