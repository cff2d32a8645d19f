"""Each check of the doctor finds what it looks for, and nothing in a database that is as it should be."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import pytest

from roles_kit import INSERT, connected, create_login, login_dsn
from sguild_contracts.registry import registry
from sguild_dispatcher.cli import main
from sguild_dispatcher.database import Connection
from sguild_dispatcher.doctor import CHECKS, diagnose

Run = Callable[..., Awaitable[tuple[int, str, str]]]

SUBSCRIPTION: Final = "insert into sguild_dispatcher.subscription (domain, name) values ('sales', 'crm');"
WORKER: Final = """
    insert into sguild_dispatcher.worker (subscription_id, domain, id, process, role, alive_until)
    select id, domain, gen_random_uuid(), 'host:{number}', '{role}', now() + interval '{seconds} seconds'
    from sguild_dispatcher.subscription;
"""


def worker(number: int, seconds: int, role: str = "sales_app") -> str:
    return WORKER.format(number=number, seconds=seconds, role=role)


@dataclass(frozen=True)
class Case:
    """What makes a finding, how its message begins, and what takes back what the whole server has of it."""

    before: str
    message: str
    after: str = "select 1"


TOMORROW: Final = "to_char(now() at time zone 'UTC' + interval '1 day', '{}')"
CASES: Final = {
    "restored_cluster": Case(
        "update sguild_dispatcher.generation set system_identifier = 42",
        "The database was restored into another cluster, so no worker starts: run ",
    ),
    "days_missing": Case(
        "do $$ begin execute 'drop table sguild_dispatcher.event_log_' || "
        f"{TOMORROW.format('YYYYMMDD')}; end $$",
        "The log has no table for ",
    ),
    "rows_in_default": Case(
        INSERT.replace("(event_id", "(created_at, event_id")
        .replace("values (", "values ('2020-01-01 12:00Z', ")
        .replace("$1", "'t'")
        .replace("$2", "'p'"),
        "event_log_default holds 1 events, the oldest of 2020-01-01: ",
    ),
    "nobody_delivers": Case(SUBSCRIPTION + worker(1, -60), "Nobody delivers to sales/crm since 20"),
    "dead_workers": Case(
        SUBSCRIPTION + worker(1, -60) + worker(2, 60),
        "A worker of sales/crm, process host:1, says nothing since 20",
    ),
    "roles_absent": Case(
        "delete from sguild_dispatcher.roles_installed", "No roles are installed, so whoever "
    ),
    "other_registry": Case(
        "update sguild_dispatcher.roles_installed set registry_hash = 'x', registry_version = '1.9.0'",
        "The policies are those of registry 1.9.0, and not those of the package at hand, which has reg",
    ),
    "rights_changed": Case(
        "grant update (body) on sguild_dispatcher.failed_delivery to sguild_sales",
        "Policies or grants were changed since the roles were installed (20",
    ),
    "roles_missing": Case(
        "update sguild_dispatcher.domain_role set role = 'sguild_nobody' where domain = 'sales'",
        "The role sguild_nobody of sales is gone: ",
    ),
    "unguarded_tables": Case(
        "alter table sguild_dispatcher.inbox no force row level security",
        "The policies of the table inbox are not enabled, or not forced upon its owner: ",
    ),
    "open_partitions": Case(
        "grant truncate on sguild_dispatcher.event_log_default to sguild_sales",
        "The partition event_log_default can be used past the policies: ",
    ),
    "foreign_owners": Case(
        "alter table sguild_dispatcher.inbox owner to sales_app",
        "The table sguild_dispatcher.inbox belongs to sales_app, who may do with it what he likes, and not "
        "to the owner of the schema: run `alter table sguild_dispatcher.inbox owner to postgres`.",
    ),
    "open_views": Case(
        "create view public.inner_events as select * from sguild_dispatcher.event_log; "
        "create view public.events as select * from public.inner_events; "
        "grant select on events to sguild_sales",
        "The view events reads the log with the rights of postgres, and sales_app may use it, past its own ",
    ),
    "public_rights": Case(
        "do $$ begin execute format('grant temporary on database %I to public', current_database()); end $$",
        "Everybody has the right TEMPORARY on the database sguild_",
    ),
    "powerful_roles": Case(
        "alter role sguild_sales createrole",
        "The role sguild_sales has the attribute createrole, and gives its members more than its policies: "
        "run `alter role sguild_sales nocreaterole`.",
        "alter role sguild_sales nocreaterole",
    ),
    "mixed_roles": Case(
        "grant sguild_revenue to sguild_sales",
        "The role sguild_sales is a member of sguild_revenue, and gives its members more than its policies: "
        "run `revoke sguild_revenue from sguild_sales`.",
        "revoke sguild_revenue from sguild_sales",
    ),
    "mixed_logins": Case(
        "create role doctor_app login in role sguild_sales, sguild_revenue",
        "doctor_app has the rights of several domains (sguild_revenue, sguild_sales): give each service ",
        "drop role doctor_app",
    ),
    "bypassing_services": Case(
        "create role doctor_root superuser; "
        "create role doctor_app login in role sguild_sales; grant doctor_root to doctor_app",
        "doctor_app has the role sguild_sales and may become doctor_root, which policies do not stop: ",
        "drop role doctor_app, doctor_root",
    ),
    "bypassing_workers": Case(
        SUBSCRIPTION + worker(1, 60, "doctor_root") + "create role doctor_root superuser login",
        "The worker of sales/crm, process host:1, logged in as doctor_root, which no policy stops: ",
        "drop role doctor_root",
    ),
    "bypassing_logins": Case(
        "create role doctor_app login bypassrls",
        "doctor_app has the attribute bypassrls, so no policy stops it: ",
        "drop role doctor_app",
    ),
}

# Three that sales may use past its policies, and three that are as they should be.
OPEN_READERS: Final = """
    create function public.open_reader() returns bigint language sql security definer
        as 'select count(*) from sguild_dispatcher.event_log';
    create function public.begin_reader() returns bigint language sql security definer
        begin atomic select count(*) from sguild_dispatcher.event_log; end;
    create function public.invoker() returns bigint language sql
        as 'select count(*) from sguild_dispatcher.event_log';
    create materialized view public.copied as select * from sguild_dispatcher.inbox;
    create view public.invoking with (security_invoker = true) as select * from sguild_dispatcher.inbox;
    create view public.closed as select * from sguild_dispatcher.inbox;
    grant select on public.copied, public.invoking to public;
"""


def test_every_check_has_a_case() -> None:
    assert list(CASES) == [check.name for check in CHECKS]


@pytest.fixture
async def patient(roles_dsn: str) -> AsyncIterator[Connection]:
    async with connected(roles_dsn) as connection:
        yield connection


async def problems(connection: Connection) -> list[str]:
    return [each.check for each in await diagnose(connection, registry) if each.level == "problem"]


@pytest.mark.parametrize("name", CASES)
async def test_a_check_finds_what_it_looks_for(patient: Connection, name: str) -> None:
    case = CASES[name]
    healthy = [each for each in await diagnose(patient, registry) if each.check == name]
    await patient.execute(case.before)
    try:
        found = [each for each in await diagnose(patient, registry) if each.check == name]
    finally:
        await patient.execute(case.after)
    new = [each.message for each in found if each not in healthy]
    assert len(new) == 1
    assert new[0].startswith(case.message), new[0]


async def test_a_database_in_order_has_no_problem(patient: Connection) -> None:
    assert await problems(patient) == []


@pytest.mark.parametrize(
    ("attribute", "how"),
    [
        ("superuser", "is a superuser"),
        ("bypassrls", "has the attribute bypassrls"),
        ("in role dispatcher_operator", "may become dispatcher_operator, which policies do not stop"),
        ("replication", "has the attribute replication, with which it may copy the whole server"),
        *(
            (f"in role {each}", f"is a member of {each}, which gives more than policies")
            for each in (
                "pg_execute_server_program",
                "pg_read_all_data",
                "pg_read_server_files",
                "pg_write_all_data",
                "pg_write_server_files",
            )
        ),
    ],
)
async def test_a_service_that_bypasses_the_policies(patient: Connection, attribute: str, how: str) -> None:
    await patient.execute(f"create role doctor_app login {attribute}; grant sguild_sales to doctor_app")
    try:
        found = await diagnose(patient)
    finally:
        await patient.execute("drop role doctor_app")
    message = next(each.message for each in found if each.check == "bypassing_services")
    assert message.startswith(f"doctor_app has the role sguild_sales and {how}: ")


async def test_a_service_that_may_make_roles(patient: Connection) -> None:
    """Before PostgreSQL 16, the attribute createrole lets a login become any role but a superuser."""
    is_old = await patient.fetchval("select current_setting('server_version_num')::integer < 160000")
    await patient.execute("create role doctor_app login createrole in role sguild_sales")
    try:
        assert ("bypassing_services" in await problems(patient)) is is_old
    finally:
        await patient.execute("drop role doctor_app")


async def test_policies_off_on_any_table_that_has_some(patient: Connection) -> None:
    tables = await patient.fetch(
        "select distinct tablename from pg_policies where schemaname = 'sguild_dispatcher' order by 1"
    )
    for (table,) in tables:
        await patient.execute(f"alter table sguild_dispatcher.{table} disable row level security")
    found = [each for each in await diagnose(patient) if each.check == "unguarded_tables"]
    assert [each.message.split()[5] for each in found] == [table for (table,) in tables]
    assert "handler_time" in {table for (table,) in tables}


async def test_what_reads_the_log_for_others(patient: Connection) -> None:
    await patient.execute(OPEN_READERS)
    found = [each.message for each in await diagnose(patient) if each.check == "open_views"]
    assert [each.partition(" reads")[0] for each in found] == [
        "The function begin_reader()",
        "The function open_reader()",
        "The view copied",
    ]


async def test_the_owner_who_made_the_roles_is_no_service(patient: Connection) -> None:
    """Since PostgreSQL 16, whoever makes a role is a member of it."""
    await create_login(patient, "doctor_owner", "createrole")
    async with connected(await patient_dsn(patient), "doctor_owner") as owner:
        await owner.execute("create role doctor_role")
    await patient.execute(
        "update sguild_dispatcher.domain_role set role = 'doctor_role' where domain = 'sales'"
    )
    try:
        assert "bypassing_services" not in await problems(patient)
    finally:
        await patient.execute("drop role doctor_role; drop role doctor_owner")


async def patient_dsn(patient: Connection) -> str:
    found: str = await patient.fetchval(
        "select 'postgresql://postgres@/' || current_database() || '?host=' || "
        "split_part(current_setting('unix_socket_directories'), ',', 1)"
    )
    return found


# the command


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    async def call(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = await asyncio.to_thread(main, ["doctor", *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


async def test_the_command_says_what_it_finds_and_exits_accordingly(run: Run, roles_dsn: str) -> None:
    code, out, err = await run("--dsn", roles_dsn)
    assert (code, err) == (0, "")
    assert "note: postgres is a superuser, so no policy stops it: see that no service uses it.\n" in out
    assert out.endswith("\n0 problems.\n")
    async with connected(roles_dsn) as connection:
        await connection.execute("alter table sguild_dispatcher.inbox disable row level security")
    code, out, err = await run("--dsn", roles_dsn)
    assert (code, err) == (1, "")
    assert "problem: The policies of the table inbox are not enabled, " in out
    assert out.endswith("\n1 problem.\n")


async def test_the_command_for_programs(run: Run, roles_dsn: str) -> None:
    async with connected(roles_dsn) as connection:
        await connection.execute("alter table sguild_dispatcher.inbox disable row level security")
    code, out, _ = await run("--dsn", roles_dsn, "--format", "json")
    value = json.loads(out)
    assert (code, value["problems"]) == (1, 1)
    assert [each for each in value["findings"] if each["level"] == "problem"] == [
        {
            "check": "unguarded_tables",
            "level": "problem",
            "message": "The policies of the table inbox are not enabled, or not forced upon its owner: run "
            "`sguild-dispatcher roles apply`.",
        }
    ]


async def test_an_operator_may_look_and_a_service_may_not(run: Run, roles_dsn: str) -> None:
    async with connected(roles_dsn) as connection:
        await create_login(connection, "doctor_operator", "in role dispatcher_operator")
        await connection.execute(INSERT, "credit.locked", "revenue")
    try:
        code, out, _ = await run("--dsn", login_dsn(roles_dsn, "doctor_operator"))
        assert (code, out.endswith("\n0 problems.\n")) == (0, True)
        code, _, err = await run("--dsn", login_dsn(roles_dsn, "sales_app"))
    finally:
        async with connected(roles_dsn) as connection:
            await connection.execute("drop role doctor_operator")
    assert code == 2
    assert err == (
        "sguild-dispatcher: The database refused: permission denied for function rights_digest. Connect as "
        "a member of dispatcher_operator, as the schema's owner, or as a superuser.\n"
    )


async def test_a_package_that_is_not_there(run: Run, dsn: str) -> None:
    code, _, err = await run("--dsn", dsn, "--package", "nothing")
    assert (code, err) == (
        2,
        "sguild-dispatcher: No package nothing with a registry is installed: name another.\n",
    )


async def test_a_database_without_roles_is_only_told(run: Run, dsn: str) -> None:
    code, out, _ = await run("--dsn", dsn)
    assert code == 0
    assert out == (
        "note: No roles are installed, so whoever may write to the tables may write what he likes: run "
        "`sguild-dispatcher roles apply`.\n0 problems.\n"
    )
