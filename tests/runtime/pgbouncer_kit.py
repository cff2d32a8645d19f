"""A real pgbouncer in transaction pooling before the test server: a client has a session a transaction."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from urllib.parse import quote, urlsplit

from psycopg.conninfo import conninfo_to_dict, make_conninfo

# Debian installs it where only administrators look.
COMMAND: Final = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
PORT: Final = 6432  # the name of a socket in a folder of its own, so nothing else can have it

SESSIONS: Final = 2
"""How many sessions of the server it shares among all clients."""

_SETTINGS: Final = """\
[databases]
* = {server}

[pgbouncer]
listen_addr =
listen_port = {port}
unix_socket_dir = {folder}
auth_type = any
pool_mode = transaction
default_pool_size = {sessions}
{more}
"""


def version() -> tuple[int, ...]:
    """The version of the pgbouncer that is installed, ``(0,)`` where there is none."""
    if COMMAND is None:
        return (0,)
    done = subprocess.run([COMMAND, "--version"], capture_output=True, text=True, check=True)
    found = re.search(r"(\d+)\.(\d+)", done.stdout)
    return (0,) if found is None else (int(found[1]), int(found[2]))


@contextmanager
def pooler(server: str, **settings: object) -> Iterator[str]:
    """Run a pgbouncer before the server of a DSN, and yield the DSN of its ``postgres``."""
    assert COMMAND is not None
    with TemporaryDirectory(prefix="sguild-") as name:
        folder = Path(name)
        folder.chmod(0o777)
        _write_settings(folder / "pgbouncer.ini", server, settings)
        with (folder / "log").open("w+") as log:
            process = subprocess.Popen(
                [COMMAND, folder / "pgbouncer.ini"], stdout=log, stderr=subprocess.STDOUT, user=_user(server)
            )
            try:
                _wait_for(folder / f".s.PGSQL.{PORT}", process, folder / "log")
                yield f"postgresql://anyone@/postgres?host={quote(name)}&port={PORT}"
            finally:
                process.terminate()
                process.wait(timeout=10)


def through(pooler_dsn: str, dsn: str) -> str:
    """The DSN of a database of the server, through the pooler."""
    return urlsplit(pooler_dsn)._replace(path=urlsplit(dsn).path).geturl()


def _write_settings(path: Path, server: str, settings: dict[str, object]) -> None:
    parts: dict[str, Any] = {
        name: value for name, value in conninfo_to_dict(server).items() if name != "dbname"
    }
    more = "\n".join(f"{name} = {value}" for name, value in settings.items())
    path.write_text(
        _SETTINGS.format(
            server=make_conninfo(**parts), port=PORT, folder=path.parent, sessions=SESSIONS, more=more
        )
    )
    path.chmod(0o644)


def _user(server: str) -> int | str | None:
    """Whom it runs as, ``None`` for who runs the tests: never root, and one who reaches the server."""
    if os.geteuid() != 0:
        return None
    folder = Path(str(conninfo_to_dict(server).get("host", "")))
    return (folder.is_absolute() and folder.stat().st_uid) or "nobody"


def _wait_for(socket: Path, process: "subprocess.Popen[bytes]", log: Path) -> None:
    ends_at = time.monotonic() + 20
    while not socket.exists():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < ends_at, log.read_text()
        time.sleep(0.02)
