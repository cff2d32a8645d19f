import asyncio
import os
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from sguild_dispatcher.testing.postgres import (
    TEST_DSN,
    create_database,
    database_dsn,
    drop_database,
    postgres_server,
)


def test_a_server_is_stopped_and_its_data_are_gone_after_an_exception() -> None:
    async def version(dsn: str) -> str:
        connection = await asyncpg.connect(dsn)
        try:
            return str(await connection.fetchval("show fsync"))
        finally:
            await connection.close()

    with pytest.raises(ZeroDivisionError), postgres_server(durable=False, environ={}) as dsn:  # noqa: PT012
        data = Path(parse_qs(urlsplit(dsn).query)["host"][0])
        process = int((data / "postmaster.pid").read_text().splitlines()[0])
        assert asyncio.run(version(dsn)) == "off"
        raise ZeroDivisionError
    assert not data.parent.exists()
    # The server removes its pid file, which is waited for, shortly before it is gone.
    deadline = time.monotonic() + 5
    with pytest.raises(ProcessLookupError):  # noqa: PT012
        while time.monotonic() < deadline:
            os.kill(process, 0)
            time.sleep(0.01)


def test_a_server_of_the_environment_is_used_and_left_alone() -> None:
    with postgres_server(environ={TEST_DSN: "postgresql://elsewhere/postgres"}) as dsn:
        assert dsn == "postgresql://elsewhere/postgres"


async def test_databases_are_created_copied_and_dropped(postgres: str) -> None:
    name = 'a "quoted" name'
    first = await create_database(postgres, name)
    connection = await asyncpg.connect(first)
    await connection.execute("create table one ()")
    await connection.close()
    second = await create_database(postgres, template=name)
    connection = await asyncpg.connect(second)
    assert await connection.fetchval("select to_regclass('one') is not null")
    await connection.close()
    for each in (first, second):
        await drop_database(each)
        with pytest.raises(asyncpg.InvalidCatalogNameError):
            await asyncpg.connect(each)


def test_a_dsn_keeps_everything_but_its_database() -> None:
    dsn = "postgresql://ada:pw@db:5433/shop?sslmode=require"
    assert database_dsn(dsn, "other one") == "postgresql://ada:pw@db:5433/other%20one?sslmode=require"
