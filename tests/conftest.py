"""A PostgreSQL server for the whole run (one a worker process), and a database for each test."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest
from hypothesis import settings

from sguild_dispatcher.database import Connection
from sguild_dispatcher.migrations import migrate
from sguild_dispatcher.testing.postgres import create_database, drop_database, postgres_server

# A busy machine is slow at times, which is no fault of the code.
settings.register_profile("any-machine", deadline=None)
settings.load_profile("any-machine")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite what golden tests expect")


async def _migrated_template(server: str) -> str:
    dsn = await create_database(server)
    connection: Connection = await asyncpg.connect(dsn)
    try:
        await migrate(connection)
    finally:
        await connection.close()
    return dsn


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The DSN of a running server."""
    with postgres_server(durable=False) as dsn:
        yield dsn


@pytest.fixture(scope="session")
def template(postgres: str) -> Iterator[str]:
    """The name of a migrated database, to be copied."""
    dsn = asyncio.run(_migrated_template(postgres))
    yield dsn.partition("?")[0].rpartition("/")[2]
    asyncio.run(drop_database(dsn))


@pytest.fixture
async def dsn(postgres: str, template: str) -> AsyncIterator[str]:
    """A fresh, migrated database."""
    database = await create_database(postgres, template=template)
    yield database
    await drop_database(database)


@pytest.fixture
async def empty_dsn(postgres: str) -> AsyncIterator[str]:
    """A fresh database without the dispatcher's schema."""
    database = await create_database(postgres)
    yield database
    await drop_database(database)


@pytest.fixture
async def connection(dsn: str) -> AsyncIterator[Connection]:
    """A connection to the database of ``dsn``."""
    opened: Connection = await asyncpg.connect(dsn)
    yield opened
    await opened.close()
