"""What the tests of roles share: the roles of the contracts, and logins that are members of one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from sguild_contracts.registry import registry
from sguild_dispatcher.database import Connection
from sguild_dispatcher.migrations import migrate
from sguild_dispatcher.roles import apply_roles
from sguild_dispatcher.signing import Keyring
from sguild_dispatcher.testing.postgres import create_database

ROLES: Final = files("sguild_contracts").joinpath("roles.sql").read_text(encoding="utf-8")
DOMAINS: Final = tuple(each.name for each in registry.domains if each.status == "active")
KEYRING: Final = Keyring.generate(DOMAINS)
PASSWORD: Final = "as-tests-do"  # noqa: S105 - for servers that ask for one


async def install(dsn: str, text: str = ROLES) -> None:
    """Install the roles, and a login for each domain that is only a member of its role."""
    async with connected(dsn) as connection:
        await apply_roles(connection, text)
        for domain in DOMAINS:
            await create_login(connection, f"{domain}_app", f"in role sguild_{domain}")


async def database_with_roles(server: str) -> str:
    """Create a database with the schema and the roles, and return its DSN."""
    dsn = await create_database(server)
    async with connected(dsn) as connection:
        await migrate(connection)
    await install(dsn)
    return dsn


async def create_login(connection: Connection, name: str, more: str = "") -> None:
    """Create a login unless another test did; roles belong to the whole server."""
    try:
        await connection.execute(f"create role {name} login password '{PASSWORD}' {more}")
    except (asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
        return


def login_dsn(dsn: str, name: str) -> str:
    """Return the DSN of a login."""
    parts = urlsplit(dsn)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{name}:{PASSWORD}@{place}"))


@asynccontextmanager
async def connected(dsn: str, login: str | None = None) -> AsyncIterator[Connection]:
    """Open a connection, as the superuser or as a login."""
    connection: Connection = await asyncpg.connect(dsn if login is None else login_dsn(dsn, login))
    try:
        yield connection
    finally:
        await connection.close()


INSERT: Final = """
    insert into sguild_dispatcher.event_log
        (event_id, event_type, schema_version, producer, tenant_id, ordering_key, key_id, signature, body)
    values (gen_random_uuid()::text, $1, 1, $2, 't', 'k', 'key', 'sig', '{}')
"""
