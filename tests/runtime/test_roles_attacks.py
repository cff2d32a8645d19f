"""What a service can try with hand-written SQL as a member of its domain's role, and with nothing else.

The attacker is ``sales_app``. Each attack fails or finds nothing, and leaves all tables as they were.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

import asyncpg
import pytest

from roles_kit import connected
from sguild_dispatcher.database import Connection

HERE: Final = Path(__file__).parent
ATTACKS: Final = dict(
    paragraph.removeprefix("-- ").split("\n", 1)
    for paragraph in HERE.joinpath("attacks.sql").read_text("utf-8").strip().split("\n\n")[1:]
)
ROWS: Final = "select string_agg(row::text, '|' order by row::text) from sguild_dispatcher."


@dataclass(frozen=True)
class Scene:
    dsn: str
    owner: Connection

    async def state(self) -> dict[str, str]:
        """Everything in the schema's tables, and what their rights are."""
        tables = await self.owner.fetch(
            "select relname as name from pg_class where relnamespace = 'sguild_dispatcher'::regnamespace "
            "and relkind in ('r', 'p') and not relispartition"
        )
        found = {row["name"]: await self.owner.fetchval(f"{ROWS}{row['name']} as row") for row in tables}
        found["rights"] = await self.owner.fetchval("select sguild_dispatcher.rights_digest()")
        return found


@pytest.fixture
async def scene(roles_dsn: str) -> AsyncIterator[Scene]:
    async with connected(roles_dsn) as owner:
        await owner.execute(HERE.joinpath("scene.sql").read_text("utf-8"))
        yield Scene(roles_dsn, owner)


async def outcome(attacker: Connection, statement: str) -> str:
    """Return ``refused``, ``nothing``, the SQLSTATE of another error, or the status of what was done."""
    try:
        if statement.endswith("from stdin"):
            status = await attacker.copy_to_table(
                "event_log",
                schema_name="sguild_dispatcher",
                columns=["event_id"],
                source=BytesIO(b"forged\n"),
            )
        else:
            status = await attacker.execute(statement)
    except asyncpg.InsufficientPrivilegeError:
        return "refused"
    except asyncpg.PostgresError as error:
        return str(error.sqlstate)
    return "nothing" if status.endswith(" 0") else status


# What stops an attack where it is not a lack of rights, by SQLSTATE.
OTHERWISE: Final = {
    "forged seq": "428C9",  # GENERATED ALWAYS
    "forged bucket": "428C9",
    "copy in": "0A000",  # not where policies are
    "move another cursor as one's own": "23503",  # the foreign key has the domain in it
    "claim for another as one's own": "23503",
    "audit an own event in the entry of another as one's own": "23503",
    "audit an event of another in the own entry": "23503",
    # Not 23505: then it could be told whether the key is there, and whoever inserts it would wait.
    "the key of another cursor": "23503",
    "the key of another claim": "23503",
    "the key of another event that is done": "23503",
    "the key of another dead letter": "23503",
    "the key of another event of the audit": "23503",
    "grant to all": "GRANT",  # a warning: nothing was granted
}
# What still stops a superuser, after rights were asked for: a constraint, or the transaction of the test.
CONSTRAINED: Final = frozenset({"22012", "22P02", "23502", "23503", "23505", "25001", "428C9"})


async def test_every_attack_is_refused_or_finds_nothing(scene: Scene) -> None:
    before = await scene.state()
    wrong: dict[str, str] = {}
    for name, statement in ATTACKS.items():
        async with connected(scene.dsn, "sales_app") as attacker:
            got = await outcome(attacker, statement)
        after = await scene.state()
        if after != before:
            got += f", and changed {[table for table in before if before[table] != after.get(table)]}"
            before = after
        if got not in {"refused", "nothing", OTHERWISE.get(name)}:
            wrong[name] = got
    assert wrong == {}


async def test_what_is_refused_to_a_service_is_done_for_a_superuser(scene: Scene) -> None:
    """An attack with a mistake in it would be refused to anybody."""
    wrong: dict[str, str] = {}
    for name, statement in ATTACKS.items():
        async with connected(scene.dsn) as owner:
            transaction = owner.transaction()
            await transaction.start()
            got = await outcome(owner, statement)
            await transaction.rollback()
        is_error = re.fullmatch(r"[0-9A-Z]{5}", got) and got != "GRANT"
        if got in {"refused", "nothing"} or (is_error and got not in CONSTRAINED):
            wrong[name] = got
    assert wrong == {}
