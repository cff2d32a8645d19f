"""What the tests of publishing share: payloads, a connection, and the stored rows; others in joining_kit."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, TypeVar

import asyncpg

from sample_contracts import (
    AnyPublisher,
    AnySyncPublisher,
    CreditAccountId,
    CreditLockedV1,
    CreditReleasedV2,
    LeadCreatedV1,
    LeadId,
    LessonId,
    PersonId,
)
from sguild_dispatcher.database import Connection
from sguild_dispatcher.settings import Settings
from sguild_dispatcher.signing import Keyring

KEYRING = Keyring.generate(["sales", "revenue", "operations"])
SETTINGS = Settings(tenant_id="t-1")
NOW = datetime(2026, 6, 1, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
BEFORE_THE_SWITCH = datetime(2026, 5, 21, 23, 59, 59, tzinfo=UTC)
SECRET = "jane.doe@example.org"  # noqa: S105 - stands for personal data

PublisherT = TypeVar("PublisherT", bound=AnyPublisher | AnySyncPublisher)


def settled(publisher: type[PublisherT], **options: Any) -> PublisherT:
    return publisher(**{"keyring": KEYRING, "settings": SETTINGS, "clock": lambda: NOW, **options})


def locked(**changes: Any) -> CreditLockedV1:
    return CreditLockedV1.model_construct(
        **{
            "lesson_id": LessonId.mint(),
            "person_id": PersonId.mint(),
            "locked_credits": 2,
            "locked_at": NOW,
            **changes,
        }
    )


def released() -> CreditReleasedV2:
    return CreditReleasedV2(
        credit_account_id=CreditAccountId.mint(), person_id=PersonId.mint(), automatic=False
    )


def lead(**changes: Any) -> LeadCreatedV1:
    return LeadCreatedV1.model_validate({"lead_id": LeadId.mint(), **changes})


async def rows(dsn: str) -> list[dict[str, Any]]:
    connection: Connection = await asyncpg.connect(dsn)
    try:
        found = await connection.fetch("select * from sguild_dispatcher.event_log order by seq")
    finally:
        await connection.close()
    return [dict(row) for row in found]


@asynccontextmanager
async def with_asyncpg(dsn: str) -> AsyncIterator[Connection]:
    connection: Connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()
