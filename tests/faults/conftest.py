"""A database for each scenario on the server that it names, and a line about each at the end of the run."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from deliveries_kit import KEYRING
from faults_kit import Report, Scale, Scene, migrated_database
from sguild_dispatcher.database import Connection
from sguild_dispatcher.testing.postgres import drop_database

_LINE = "faults"


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Report:
    """Say in one line what a scenario published and what arrived."""

    def say(text: str) -> None:
        request.node.user_properties.append((_LINE, f"{request.node.name}: {text}"))

    return say


def pytest_terminal_summary(terminalreporter: Any) -> None:
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    properties = [each for report in reports if report.when == "call" for each in report.user_properties]
    lines = [text for name, text in properties if name == _LINE]
    if lines:
        terminalreporter.section("what was published and what arrived")
        for each in sorted(lines):
            terminalreporter.write_line(each)


@pytest.fixture
def server(request: pytest.FixtureRequest) -> str:
    """The DSN of the server that the scenario names."""
    if request.param == "default":
        return str(request.getfixturevalue("postgres"))
    return str(request.getfixturevalue("postgres_15").dsn)


@pytest.fixture
def database_dsn(server: str) -> Iterator[str]:
    """A fresh database with the dispatcher's schema and the tables of the scenarios."""
    created = asyncio.run(migrated_database(server))
    yield created
    asyncio.run(drop_database(created))


@pytest.fixture
def home_dsn(server: str) -> Iterator[str]:
    """Another one, for subscribers whose own database is not that of the log."""
    created = asyncio.run(migrated_database(server))
    yield created
    asyncio.run(drop_database(created))


@pytest.fixture
async def database(database_dsn: str) -> AsyncIterator[Connection]:
    """A connection to the database."""
    connection: Connection = await asyncpg.connect(database_dsn)
    yield connection
    await connection.close()


@pytest.fixture
async def home(home_dsn: str) -> AsyncIterator[Connection]:
    """A connection to the subscriber's own database."""
    connection: Connection = await asyncpg.connect(home_dsn)
    yield connection
    await connection.close()


@pytest.fixture
def scene(scale: Scale, report: Report, tmp_path: Path) -> Scene:
    """What a scenario with processes needs, with the keys in a file for them."""
    keyring = tmp_path / "keyring.json"
    KEYRING.to_file(keyring)
    return Scene(scale, report, keyring)
