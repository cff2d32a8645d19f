"""Every cell of domain, event type and verb, against the registry of the contracts."""

from collections.abc import Iterator
from itertools import product

import asyncpg

from roles_kit import DOMAINS, INSERT, connected
from sguild_contracts.registry import registry
from sguild_dispatcher.database import Connection

PRODUCERS = tuple(each.name for each in registry.domains)
TYPES = tuple(each.name for each in registry)


async def is_refused(connection: Connection, sql: str, *values: object) -> bool:
    try:
        await connection.execute(sql, *values)
    except asyncpg.InsufficientPrivilegeError:
        return True
    return False


async def test_a_domain_inserts_what_it_produces_and_nothing_else(roles_dsn: str) -> None:
    wrong: list[tuple[str, str, str]] = []
    for domain in DOMAINS:
        async with connected(roles_dsn, f"{domain}_app") as connection:
            for event_type, producer in product(TYPES, PRODUCERS):
                may = registry.event_type(event_type).producer == domain == producer
                if await is_refused(connection, INSERT, event_type, producer) is may:
                    wrong.append((domain, event_type, producer))
    assert wrong == []
    async with connected(roles_dsn) as connection:
        rows = await connection.fetch("select event_type, producer from sguild_dispatcher.event_log")
    assert sorted(tuple(row) for row in rows) == sorted((each.name, each.producer) for each in registry)


async def test_a_domain_reads_what_it_subscribes_to_whoever_wrote_it(roles_dsn: str) -> None:
    async with connected(roles_dsn) as connection:
        for event_type in (*TYPES, "unknown.type"):
            for producer in ("operations", "revenue"):
                await connection.execute(INSERT, event_type, producer)
    for domain in DOMAINS:
        async with connected(roles_dsn, f"{domain}_app") as connection:
            rows = await connection.fetch("select event_type from sguild_dispatcher.event_log")
        expected = [each.name for each in registry if domain in each.subscribers] * 2
        assert (domain, sorted(row["event_type"] for row in rows)) == (domain, sorted(expected))


def changes() -> Iterator[str]:
    columns = ("txid", "generation", "event_type", "producer", "body", "created_at", "tenant_id", "signature")
    yield from (f"update sguild_dispatcher.event_log set {each} = {each}" for each in columns)  # noqa: S608
    yield "delete from sguild_dispatcher.event_log"


async def test_no_domain_changes_or_deletes_an_event_of_any_type(roles_dsn: str) -> None:
    async with connected(roles_dsn) as connection:
        for event_type in TYPES:
            await connection.execute(INSERT, event_type, registry.event_type(event_type).producer)
    for domain in DOMAINS:
        async with connected(roles_dsn, f"{domain}_app") as connection:
            for change, event_type in product(changes(), TYPES):
                statement = f"{change} where event_type = $1"
                assert await is_refused(connection, statement, event_type), (domain, change, event_type)


async def test_a_deprecated_domain_has_no_role(roles_dsn: str) -> None:
    async with connected(roles_dsn) as connection:
        installed = await connection.fetch("select domain from sguild_dispatcher.domain_role order by 1")
    assert [row["domain"] for row in installed] == sorted(DOMAINS)
    assert "operations" not in DOMAINS


async def test_each_table_of_the_schema_is_closed_or_guarded(roles_dsn: str) -> None:
    """A table that somebody adds is closed to domains until the roles say otherwise."""
    async with connected(roles_dsn) as connection:
        open_tables = await connection.fetch(
            """
            select relation.relname as name
            from pg_class as relation
            where relation.relnamespace = 'sguild_dispatcher'::regnamespace
                and relation.relkind in ('r', 'p', 'v', 'm')
                and not (relation.relrowsecurity and relation.relforcerowsecurity)
                and exists (
                    select from sguild_dispatcher.domain_role as own
                    where has_any_column_privilege(own.role, relation.oid, 'select, insert, update')
                        or has_table_privilege(own.role, relation.oid, 'delete, truncate, trigger')
                )
            order by 1
            """
        )
        changeable = await connection.fetch(
            """
            select relation.relname as name, own.role
            from pg_class as relation cross join sguild_dispatcher.domain_role as own
            where relation.relname in ('migration', 'generation', 'domain_role', 'roles_installed')
                and (
                    has_any_column_privilege(own.role, relation.oid, 'insert, update')
                    or has_table_privilege(own.role, relation.oid, 'delete, truncate')
                )
            """
        )
    assert [row["name"] for row in open_tables] == [
        "domain_role", "generation", "migration", "roles_installed"
    ]  # fmt: skip
    assert changeable == []
