"""Run the story on a database of its own and stop what was started: ``python -m demo``."""

import asyncio
import logging
import os
import signal
import sys
from importlib.resources import files

import asyncpg

from demo.readers import Readers
from demo.revenue import Revenue
from demo.story import Story, StoryError
from demo.telling import Teller
from sguild_contracts import PersonId, RevenuePublisher
from sguild_dispatcher import Keyring, Settings, migrate
from sguild_dispatcher.errors import DispatcherError
from sguild_dispatcher.testing.postgres import TEST_DSN, create_database, drop_database, postgres_server


def main() -> int:
    """Play the story; return 0 if everything happened as it is told."""
    # Ended from outside, the story still stops the server that it started.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        return _tell()
    except BrokenPipeError:
        # The reader has seen enough. Python would complain once more when it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _tell() -> int:
    # The story tells of failures itself; the worker's log would tell them twice.
    logging.getLogger("sguild_dispatcher").setLevel(logging.CRITICAL)
    teller = Teller(sys.stdout)
    teller.title("One story on the real contracts, through the generated code and a real PostgreSQL.")
    with postgres_server() as server:
        try:
            asyncio.run(_play(server, teller))
        except (StoryError, DispatcherError) as error:
            print(error, file=sys.stderr)
            return 1 if isinstance(error, StoryError) else 2
    teller.says(
        "The story's database is dropped." if TEST_DSN in os.environ else "The story's server is stopped."
    )
    return 0


async def _play(server: str, teller: Teller) -> None:
    dsn = await create_database(server)
    try:
        await _migrate(dsn)
        async with asyncpg.create_pool(dsn, min_size=2, max_size=6) as pool:
            await _story(dsn, pool, teller).play()
    finally:
        await drop_database(dsn)


async def _migrate(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await migrate(connection)
        await connection.execute(files("demo").joinpath("sql", "tables.sql").read_text(encoding="utf-8"))
    finally:
        await connection.close()


def _story(dsn: str, pool: "asyncpg.Pool[asyncpg.Record]", teller: Teller) -> Story:
    # Nothing of the story comes from the environment: it is the same everywhere.
    settings = Settings.from_environment({})
    keyring = Keyring.generate(["revenue"])
    readers = Readers(pool, keyring, settings, teller)
    return Story(
        dsn=dsn,
        pool=pool,
        teller=teller,
        revenue=Revenue(RevenuePublisher(keyring=keyring, settings=settings), teller),
        readers=readers,
        subscribers=(readers.sales(), readers.delivery(), readers.coaching()),
        customer=PersonId.mint(),
    )


if __name__ == "__main__":
    sys.exit(main())
