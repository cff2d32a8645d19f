"""The server crashes in the middle of everything: what it confirmed is there, and arrives once."""

import asyncio
from collections.abc import Iterator

import asyncpg
import pytest

from faults_kit import Publishing, Report, Scale, Service, migrated_database, running, started
from servers import InstalledServer, embedded_programs, installed_server, programs
from sguild_dispatcher.database import Connection
from verdict import arrival, conclude


@pytest.fixture
def crashing(request: pytest.FixtureRequest) -> Iterator[InstalledServer]:
    """A durable server of the version that the scenario names, which may be stopped and started."""
    if request.param == "default":
        request.getfixturevalue("postgres")  # it makes the programs ready
    folder = embedded_programs() if request.param == "default" else programs(15)
    with installed_server(folder, durable=True) as server:
        yield server


SAMPLE = Scale(events=150, faults=1, seed=9)
FULL = Scale(events=4_000, faults=5, seed=9)


@pytest.mark.parametrize(
    ("crashing", "scale"),
    [
        pytest.param("default", SAMPLE, id="sample"),
        pytest.param("default", FULL, id="all-default", marks=pytest.mark.proof),
        pytest.param("postgres_15", FULL, id="all-postgres_15", marks=pytest.mark.proof),
    ],
    indirect=["crashing"],
)
async def test_a_server_that_crashes(crashing: InstalledServer, scale: Scale, report: Report) -> None:
    chance = scale.chance()
    dsn = await migrated_database(crashing.dsn)
    services = [Service(dsn=dsn, name=name, handler_seconds=0.001) for name in ("crm", "mail")]
    subscribers = [each.subscriber() for each in services]
    for each in subscribers:
        await each.register(partitions=2)
    publishing = Publishing()
    crashes = 0

    def enough() -> bool:
        return crashes == scale.faults and len(publishing.acknowledged) >= scale.events

    async with running(*subscribers):
        await started(dsn, 4)
        publishers = asyncio.gather(
            *(publishing.at_random(dsn, chance, enough=enough, pause=0.01) for _ in range(4))
        )
        while crashes < scale.faults:
            await asyncio.sleep(chance.uniform(0.3, 2))
            await asyncio.to_thread(crashing.stop, "immediate")
            await asyncio.sleep(chance.uniform(0, 0.5))
            await asyncio.to_thread(crashing.start)
            crashes += 1
        await publishers
        database: Connection = await asyncpg.connect(dsn)
        await arrival(database, database, len(services))
    await conclude(database, publishing, services, f"{crashes} crashes", report)
    await database.close()
