"""The schema of the database: numbered SQL files, each applied once and never edited afterwards.

A file's name starts with its number (``0001_log_and_cursors.sql``). What was applied is
recorded with a checksum in ``sguild_dispatcher.migration``.
"""

import asyncio
import hashlib
import logging
import time
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from sguild_dispatcher.errors import NotMigratedError
from sguild_dispatcher.statements import statement

if TYPE_CHECKING:
    from sguild_dispatcher.database import Connection, Queries

LOCK_SECONDS: Final = 60.0
"""How long another process is waited for that migrates the same database."""

_PAUSE: Final = 0.1
_MIGRATE: Final = "run `sguild-dispatcher migrate`"

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered SQL file of this runtime."""

    version: int
    name: str
    text: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text, in hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@cache
def migrations() -> tuple[Migration, ...]:
    """Return the migrations of this runtime in the order of their numbers."""
    folder = files("sguild_dispatcher").joinpath("sql/migrations")
    texts = {
        each.name: each.read_text(encoding="utf-8") for each in folder.iterdir() if each.name.endswith(".sql")
    }
    return tuple(
        Migration(version=int(name.partition("_")[0]), name=name, text=text)
        for name, text in sorted(texts.items())
    )


async def migrate(connection: "Connection") -> list[str]:
    """Apply the migrations that the database lacks, and return their names.

    All of them are applied in one transaction, or none. After a restore into another cluster the log begins a
    new generation of transaction ids, and every cursor goes on where it was. It waits for another process
    that migrates the same database, and then finds nothing left to do.

    Raises:
        NotMigratedError: the database has a newer schema, one of another text than was recorded, or tables
            without a record; or the other process is not done in a minute.
    """
    async with connection.transaction(isolation=None if connection.is_in_transaction() else "read_committed"):
        await _lock(connection)
        if await connection.fetchval(statement("migration_record_is_lost")):
            raise NotMigratedError(
                "The schema sguild_dispatcher has tables, and no table migration that says which: it was not "
                "made by `sguild-dispatcher migrate`, or restored in part. Restore the whole schema, or, if "
                "nothing in it is needed, `drop schema sguild_dispatcher cascade`; then migrate."
            )
        await connection.execute(statement("create_migration_table"))
        applied = await applied_migrations(connection)
        _check_applied(applied)
        pending = [each for each in migrations() if each.version not in applied]
        for each in pending:
            await connection.execute(each.text)
            await connection.execute(statement("record_migration"), each.version, each.name, each.checksum)
        if not await connection.fetchval(statement("generation/is_current")):
            await connection.execute(statement("generation/begin"))
            _log.warning(
                "The database is in another cluster than it was: every cursor goes on where it was",
                extra={"code": "cluster-changed"},
            )
    return [each.name for each in pending]


async def _lock(connection: "Connection") -> None:
    """Let one process at a time migrate a database; whoever does is named, and waited for."""
    deadline = time.monotonic() + LOCK_SECONDS
    told = False
    while not await connection.fetchval(statement("lock_migrations")):
        holder = await connection.fetchval(statement("migrations_locked_by"))
        who = "Another session" if holder is None else f"Another session (process {holder} of the server)"
        if time.monotonic() >= deadline:
            raise NotMigratedError(
                f"{who} migrates this database, and is not done after {LOCK_SECONDS:g} s: wait for it and "
                "migrate again; one that hangs is ended by `select pg_terminate_backend(PROCESS)`."
            )
        if not told:
            told = True
            _log.warning(
                "%s migrates this database: it is waited for, for %g s at most",
                who,
                LOCK_SECONDS,
                extra={"code": "migration-waits", "holder": holder},
            )
        await asyncio.sleep(_PAUSE)


async def check_migrated(connection: "Queries") -> None:
    """Make sure that the database has the schema that this runtime works on.

    Raises:
        NotMigratedError: the schema is absent, older, newer, or of another text.
    """
    applied = await applied_migrations(connection)
    if not applied:
        raise NotMigratedError(f"The database has no sguild_dispatcher schema: {_MIGRATE}.")
    _check_applied(applied)
    wanted = migrations()[-1].version
    if max(applied) < wanted:
        raise NotMigratedError(
            f"The database has version {max(applied)} of the sguild_dispatcher schema "
            f"and this runtime needs version {wanted}: {_MIGRATE}."
        )


async def applied_migrations(connection: "Queries") -> dict[int, str]:
    """Return the checksums of what was applied, by version; nothing for an empty database."""
    found = await connection.fetch(statement("migration_table_exists"))
    if not found[0]["migrated"]:
        return {}
    rows = await connection.fetch(statement("applied_migrations"))
    return {row["version"]: row["checksum"] for row in rows}


def _check_applied(applied: dict[int, str]) -> None:
    known = {each.version: each for each in migrations()}
    newer = sorted(set(applied) - set(known))
    if newer:
        raise NotMigratedError(
            f"The database has version {newer[-1]} of the sguild_dispatcher schema and this runtime knows "
            f"versions up to {max(known)}: install a newer sguild-dispatcher."
        )
    for version, checksum in applied.items():
        if known[version].checksum != checksum:
            raise NotMigratedError(
                f"{known[version].name} is not the text that was applied to the database "
                f"(checksum {known[version].checksum[:12]}, recorded {checksum[:12]}): an applied migration "
                "is never edited; restore its text and put the change into a new file."
            )
