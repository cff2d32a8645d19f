"""Revenue's side of the story: business transactions that publish."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias

from demo.telling import Teller
from sguild_contracts import (
    CreditAccountId,
    CreditLocked,
    CreditReservationId,
    CreditReserved,
    CustomerHandoff,
    LessonId,
    PersonId,
    ReservationFunded,
    RevenuePublisher,
)

if TYPE_CHECKING:
    import asyncpg

    Connection: TypeAlias = asyncpg.pool.PoolConnectionProxy[asyncpg.Record]


@dataclass(frozen=True, slots=True)
class Booking:
    """One lesson that a person wants to take."""

    person_id: PersonId
    credit_account_id: CreditAccountId = field(default_factory=CreditAccountId.mint)
    credit_reservation_id: CreditReservationId = field(default_factory=CreditReservationId.mint)
    lesson_id: LessonId = field(default_factory=LessonId.mint)
    credits: int = 2


class Revenue:
    """Owns credits: reserves, funds and locks them, and says so in the same transaction."""

    def __init__(self, publisher: RevenuePublisher, teller: Teller) -> None:
        self._publish = publisher
        self._teller = teller

    async def reserve(self, connection: "Connection", booking: Booking) -> None:
        """Take credits aside for a lesson."""
        now = datetime.now(UTC)
        await connection.execute(
            "insert into demo.reservation values ($1, $2, $3, 'reserved')",
            booking.credit_reservation_id,
            booking.person_id,
            booking.lesson_id,
        )
        await self._publish.credit_reserved(
            connection,
            CreditReserved(
                credit_reservation_id=booking.credit_reservation_id,
                credit_account_id=booking.credit_account_id,
                person_id=booking.person_id,
                lesson_id=booking.lesson_id,
                organization_id="sguild-berlin",
                reserved_credits=booking.credits,
                reserved_at=now,
                lesson_starts_at=now + timedelta(days=9),
            ),
        )
        self._teller.event("revenue", "publishes", "credit.reserved", f"{booking.credits} credits set aside")

    async def fund(self, connection: "Connection", booking: Booking) -> None:
        """Cover the reservation from the account's credits."""
        await self._publish.reservation_funded(
            connection,
            ReservationFunded(
                credit_reservation_id=booking.credit_reservation_id,
                credit_account_id=booking.credit_account_id,
                person_id=booking.person_id,
                funding_source="credits_available",
                funded_credits=booking.credits,
                funded_at=datetime.now(UTC),
            ),
        )
        self._teller.event("revenue", "publishes", "reservation.funded", "from the account's credits")

    async def lock(self, connection: "Connection", booking: Booking) -> bool:
        """Lock the credits; a person's first lock also hands the customer over. Tell whether it did."""
        now = datetime.now(UTC)
        await connection.execute(
            "update demo.reservation set state = 'locked' where credit_reservation_id = $1",
            booking.credit_reservation_id,
        )
        await self._publish.credit_locked(
            connection,
            CreditLocked(
                credit_reservation_id=booking.credit_reservation_id,
                lesson_id=booking.lesson_id,
                person_id=booking.person_id,
                locked_credits=booking.credits,
                locked_at=now,
            ),
        )
        self._teller.event("revenue", "publishes", "credit.locked", "posts the lock debit")
        if not await self._first_lock(connection, booking.person_id):
            return False
        await self._publish.customer_handoff(
            connection,
            CustomerHandoff(
                person_id=booking.person_id,
                first_lesson_id=booking.lesson_id,
                credit_reservation_id=booking.credit_reservation_id,
                handoff_at=now,
            ),
        )
        self._teller.event("revenue", "publishes", "customer.handoff", "the first lock of this person")
        return True

    async def _first_lock(self, connection: "Connection", person_id: PersonId) -> bool:
        row = await connection.fetchrow(
            "insert into demo.handoff values ($1) on conflict do nothing returning person_id", person_id
        )
        return row is not None
