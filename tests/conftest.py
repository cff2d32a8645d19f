"""A PostgreSQL server for the whole run (one a worker process), and a database for each test."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest
from hypothesis import settings

from operation_kit import Run
from roles_kit import database_with_roles, install
from servers import postgres_15
from sguild_dispatcher.cli import main
from sguild_dispatcher.database import Connection
from sguild_dispatcher.migrations import migrate
from sguild_dispatcher.testing.postgres import create_database, drop_database, postgres_server

__all__ = ["postgres_15"]

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


@pytest.fixture(scope="session", params=["default", "postgres_15"])
def roles_template(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """A server, in each version that is there, and the name of its database with roles, to be copied."""
    is_default = request.param == "default"
    server: str = (
        request.getfixturevalue("postgres") if is_default else request.getfixturevalue("postgres_15").dsn
    )
    dsn = asyncio.run(database_with_roles(server))
    yield server, dsn.partition("?")[0].rpartition("/")[2]
    asyncio.run(drop_database(dsn))


@pytest.fixture
async def roles_dsn(roles_template: tuple[str, str]) -> AsyncIterator[str]:
    """A fresh, migrated database with the roles of the contracts, by its superuser."""
    server, template = roles_template
    database = await create_database(server, template=template)
    await install(database)  # rights on a database are not copied with it
    yield database
    await drop_database(database)


@pytest.fixture
def configured(dsn: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A migrated database that the environment names."""
    monkeypatch.setenv("SGUILD_DISPATCHER_DSN", dsn)
    return dsn


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run ``sguild-dispatcher`` in a thread, because it starts an event loop of its own."""

    async def call(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = await asyncio.to_thread(main, arguments)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call
