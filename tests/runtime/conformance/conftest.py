"""Each test of this folder runs against PostgreSQL and against memory."""

from collections.abc import AsyncIterator

import pytest

from conformance_kit import MemoryTransport, PostgresTransport, Transport
from sguild_dispatcher.testing.clock import ManualClock


@pytest.fixture(params=["postgres", "memory"])
def place(request: pytest.FixtureRequest) -> str | None:
    """The DSN of a fresh database, ``None`` for memory."""
    if request.param == "memory":
        return None
    dsn: str = request.getfixturevalue("dsn")
    return dsn


@pytest.fixture
async def transport(place: str | None) -> AsyncIterator[Transport]:
    if place is None:
        yield MemoryTransport()
        return
    async with PostgresTransport.open(place) as opened:
        yield opened


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()
