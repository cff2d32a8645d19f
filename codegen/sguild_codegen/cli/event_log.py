"""Reading real events out of a log, for a rehearsal; nothing is written."""

import asyncio
import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Any, Final

from sguild_codegen.errors import UsageError
from sguild_codegen.report.safe import visible
from sguild_codegen.versions.rehearsal import Evidence

_CONNECT_TIMEOUT: Final = 10.0
_SECONDS: Final = 60
"""How long the server may look for events of one version."""


def logged_events(
    dsn: str, event_type: str, versions: Sequence[int], limit: int
) -> dict[int, list[Evidence]]:
    """Return the newest events of each version in a log.

    Args:
        dsn: the database, whose password is never shown.
        event_type: such as ``credit.released``.
        versions: the versions that are looked for.
        limit: how many of each version at most.

    Raises:
        UsageError: the driver, the database or its log is not there, or may not be read.
    """
    try:
        import asyncpg
    except ImportError:
        raise UsageError("--dsn needs the driver asyncpg: `pip install asyncpg`.") from None
    try:
        return asyncio.run(_read(dsn, event_type, versions, limit))
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
        raise UsageError(
            "The database of --dsn has no sguild_dispatcher.event_log: "
            "name the one that the producer publishes into."
        ) from None
    except asyncpg.QueryCanceledError:
        raise UsageError(f"The log was not read within {_SECONDS} seconds: lower --limit.") from None
    except ValueError:  # asyncpg's own complaint quotes the DSN
        raise UsageError(
            "--dsn is no PostgreSQL connection string: write postgresql://USER@HOST:PORT/DATABASE."
        ) from None
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise UsageError(
            f"The log at --dsn cannot be read ({visible(reason)}): check host, role and database, "
            "and that the server runs."
        ) from None


async def _read(dsn: str, event_type: str, versions: Sequence[int], limit: int) -> dict[int, list[Evidence]]:
    import asyncpg

    statement = files("sguild_codegen.cli").joinpath("event_log.sql").read_text(encoding="utf-8")
    connection = await asyncpg.connect(dsn, timeout=_CONNECT_TIMEOUT, statement_cache_size=0)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await connection.execute(f"set local statement_timeout = '{_SECONDS}s'")
            return {
                each: [_evidence(row) for row in await connection.fetch(statement, event_type, each, limit)]
                for each in versions
            }
    finally:
        await connection.close()


def _evidence(row: Any) -> Evidence:
    try:
        body: Any = json.loads(row["body"], parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return Evidence(row["event_id"], fault="the body is no JSON")
    if not isinstance(body, dict) or "payload" not in body:
        return Evidence(row["event_id"], fault="the body has no payload")
    return Evidence(row["event_id"], body["payload"])


def _refuse_constant(name: str) -> None:
    raise ValueError(name)
