"""A worker that its machine stops in the middle of a batch: others wait for its locks, but not for ever."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from deliveries_kit import KEYRING, create_effects, locked, numbers, publish, recording, sales, until
from pgbouncer_kit import COMMAND, pooler, through
from programs.served import FREEZING
from sguild_dispatcher.database import Connection

PROGRAM = Path(__file__).parent / "programs" / "served.py"


@asynccontextmanager
async def served(dsn: str, wakeups: str, keyring: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the service; it may stand still for 1 s in a handler and 1 s in its lease."""
    settings = {"DSN": dsn, "KEYRING": keyring, "WAKEUPS": wakeups, "HANDLER_TIMEOUT": 1, "LEASE_SECONDS": 1}
    environment = os.environ | {f"SGUILD_DISPATCHER_{name}": str(each) for name, each in settings.items()}
    process = await asyncio.create_subprocess_exec(sys.executable, PROGRAM, env=environment)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def state(process: asyncio.subprocess.Process) -> str:
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="it is seen in /proc that a process stands")
@pytest.mark.parametrize("wakeups", ["listen", "poll"])
async def test_its_locks_go_with_its_session(
    connection: Connection, postgres: str, dsn: str, tmp_path: Path, *, wakeups: str
) -> None:
    KEYRING.to_file(keyring := tmp_path / "keyring.json")
    await create_effects(connection)
    await connection.execute("create unique index on effect (number)")  # who writes one waits for who has
    successor = sales(dsn)
    recording(successor)
    await successor.register()
    await publish(connection, locked(1), locked(FREEZING))
    with by(wakeups, postgres, dsn) as its_dsn:
        async with served(its_dsn, wakeups, keyring) as process:
            await until(lambda: asyncio.to_thread(lambda: state(process) == "T"))
            task = asyncio.create_task(successor.run())
            await until(lambda: has(connection, [1, FREEZING]), 30)
            process.send_signal(signal.SIGCONT)
            await publish(connection, locked(2))
            await until(lambda: has(connection, [1, FREEZING, 2]))
            process.terminate()
            assert await asyncio.wait_for(process.wait(), 30) == 0
    await successor.stop()
    await task


@contextmanager
def by(wakeups: str, postgres: str, dsn: str) -> Iterator[str]:
    """Yield the way to the database: directly, or through a pooler."""
    if wakeups == "listen":
        yield dsn
        return
    if COMMAND is None:
        pytest.skip("pgbouncer is not installed")
    with pooler(postgres, default_pool_size=4) as bouncer:
        yield through(bouncer, dsn)


async def has(connection: Connection, expected: list[int]) -> bool:
    return await numbers(connection) == expected
