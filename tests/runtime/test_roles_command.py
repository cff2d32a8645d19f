"""Installing roles: by the command or by psql, twice, as an owner who is no superuser, while in use."""

import asyncio
import json
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
import pytest

from roles_kit import INSERT, ROLES, connected, create_login, login_dsn
from sguild_contracts.registry import registry
from sguild_dispatcher import roles
from sguild_dispatcher.audit import Author
from sguild_dispatcher.cli import main
from sguild_dispatcher.database import Connection
from sguild_dispatcher.errors import ConfigurationError, MissingRightsError
from sguild_dispatcher.migrations import migrate
from sguild_dispatcher.retention import RetentionPolicy, run_retention
from sguild_dispatcher.rights import domain_rights, rights_hash, role_of
from sguild_dispatcher.testing.postgres import create_database, drop_database

Run = Callable[..., Awaitable[tuple[int, str, str]]]
OLD = INSERT.replace("(event_id", "(created_at, event_id").replace("values (", "values ('2020-01-01', ")
NAMES = "sguild_coaching, sguild_delivery, sguild_growth, sguild_platform, sguild_revenue, sguild_sales"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    async def call(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = await asyncio.to_thread(main, arguments)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


async def digest(connection: Connection) -> str:
    found: str = await connection.fetchval("select sguild_dispatcher.rights_digest()")
    return found


async def test_the_command_takes_the_roles_of_the_installed_package(run: Run, dsn: str) -> None:
    assert await run("roles", "apply", "--dsn", dsn) == (
        0,
        f"The roles of registry {registry.version} are installed: {NAMES}.\n",
        "",
    )
    code, out, _ = await run("roles", "apply", "--dsn", dsn, "--format", "json")
    assert (code, json.loads(out)) == (
        0,
        {"registry_version": registry.version, "roles": NAMES.split(", ")},
    )


async def test_a_file_is_named(run: Run, dsn: str, tmp_path: Path) -> None:
    file = tmp_path / "roles.sql"
    file.write_text(ROLES, "utf-8")
    assert (await run("roles", "apply", str(file), "--dsn", dsn))[0] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["nowhere.sql"],
            "nowhere.sql cannot be read (No such file or directory): name the roles.sql to apply.",
        ),
        (
            ["--package", "nothing"],
            "No package nothing with a roles.sql is installed: name the file, or another ",
        ),
        (["--package", "json"], "No package json with a roles.sql is installed: name the file, or another "),
    ],
)
async def test_a_file_that_is_not_there(run: Run, dsn: str, arguments: list[str], said: str) -> None:
    code, out, err = await run("roles", "apply", *arguments, "--dsn", dsn)
    assert (code, out) == (2, "")
    assert err.startswith(f"sguild-dispatcher: {said}")


async def test_another_file_is_not_executed(run: Run, dsn: str, tmp_path: Path) -> None:
    file = tmp_path / "other.sql"
    file.write_text("create table public.harm ();", "utf-8")
    code, _, err = await run("roles", "apply", str(file), "--dsn", dsn)
    assert (code, err.partition(":")[2]) == (
        2,
        " The file holds no roles: apply the roles.sql that `sguild-codegen generate` wrote.\n",
    )
    async with connected(dsn) as connection:
        assert await connection.fetchval("select to_regclass('public.harm')") is None


async def test_a_database_without_the_schema(run: Run, empty_dsn: str) -> None:
    code, _, err = await run("roles", "apply", "--dsn", empty_dsn)
    assert code == 2
    assert "run `sguild-dispatcher migrate`" in err


async def test_a_service_may_not_install_roles(run: Run, roles_dsn: str) -> None:
    code, _, err = await run("roles", "apply", "--dsn", login_dsn(roles_dsn, "sales_app"))
    assert code == 2
    assert err == (
        "sguild-dispatcher: The role sales_app may not install roles (permission denied for procedure "
        "replace_roles): connect as the owner of the schema sguild_dispatcher, with the attribute "
        "createrole, or as a superuser. Roles belong to the whole server: where another role made them, "
        'run as that one, or as a superuser, `grant dispatcher_operator to "sales_app" with admin option` '
        "first.\n"
    )


async def test_an_owner_of_a_second_database_whose_roles_are_another_s(
    run: Run, roles_template: tuple[str, str]
) -> None:
    """Since PostgreSQL 16 the attribute createrole does not let it grant the roles that another made."""
    server, _ = roles_template
    dsn = await create_database(server)
    try:
        owner_dsn = await owned(dsn, "sguild_second_owner", may_grant=False)
        async with connected(dsn) as superuser:
            is_old = await superuser.fetchval(
                "select current_setting('server_version_num')::integer < 160000"
            )
        code, _, err = await run("roles", "apply", "--dsn", owner_dsn)
        assert (code == 0) is is_old, err
        if not is_old:
            way_out = err.split("`")[1]
            assert way_out == 'grant dispatcher_operator to "sguild_second_owner" with admin option'
            async with connected(dsn) as superuser:
                await superuser.execute(way_out)
            assert (await run("roles", "apply", "--dsn", owner_dsn))[0] == 0
    finally:
        await drop_database(dsn)


async def test_twice_is_once_and_repairs_what_somebody_changed(roles_dsn: str) -> None:
    async with connected(roles_dsn) as connection:
        before = await digest(connection)
        await roles.apply_roles(connection, ROLES)
        assert await digest(connection) == before
        await connection.execute(
            "drop policy sguild_sales_select on sguild_dispatcher.event_log;"
            "create policy spy on sguild_dispatcher.event_log using (true);"
            "grant update on sguild_dispatcher.event_log to sguild_sales;"
            "grant execute on function sguild_dispatcher.create_log_days(integer) to public;"
            "alter table sguild_dispatcher.cursor no force row level security"
        )
        assert await digest(connection) != before
        await roles.apply_roles(connection, ROLES)
        assert await digest(connection) == before
        forced = "select relforcerowsecurity from pg_class where oid = 'sguild_dispatcher.cursor'::regclass"
        assert await connection.fetchval(forced) is True


async def test_a_domain_that_is_gone_keeps_no_right(roles_dsn: str) -> None:
    lines = ROLES.replace("sguild_growth", "sguild_former").replace("'growth'", "'former'")
    async with connected(roles_dsn) as connection:
        await roles.apply_roles(connection, lines)
        await connection.execute(INSERT, "person.updated", "platform")
    async with connected(roles_dsn, "growth_app") as growth:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied for schema"):
            await growth.fetch("select from sguild_dispatcher.event_log")


async def test_the_hash_is_that_of_the_registry(roles_dsn: str) -> None:
    async with connected(roles_dsn) as connection:
        stored = await connection.fetchrow("select * from sguild_dispatcher.roles_installed")
        assert stored is not None
        assert stored["registry_hash"] == rights_hash(domain_rights(registry.domains, registry.event_types))
        assert stored["registry_version"] == registry.version
        assert stored["rights_digest"] == await digest(connection)


def test_the_hash_is_of_what_policies_are_made_of() -> None:
    whole = domain_rights(registry.domains, registry.event_types)
    turned = domain_rights(registry.domains[::-1], registry.event_types[::-1])
    assert rights_hash(whole) == rights_hash(turned)
    assert rights_hash(whole) != rights_hash(domain_rights(registry.domains, registry.event_types[1:]))


def test_long_names_of_domains_make_different_roles() -> None:
    names = {role_of(f"{'a' * 127}{last}") for last in "xyz"}
    assert len(names) == 3
    assert {len(each) for each in names} == {56}
    assert role_of("sales") == "sguild_sales"


async def test_what_fails_leaves_the_former_roles(roles_dsn: str) -> None:
    broken = ROLES.replace("\ncommit;", "\nselect 1 / 0;\ncommit;")
    async with connected(roles_dsn) as connection:
        before = await digest(connection)
        with pytest.raises(asyncpg.DivisionByZeroError):
            await roles.apply_roles(connection, broken)
        assert await digest(connection) == before


# while the log is in use


async def test_a_transaction_that_ends_soon_is_waited_for(roles_dsn: str) -> None:
    async with connected(roles_dsn, "revenue_app") as publisher, connected(roles_dsn) as connection:
        transaction = publisher.transaction()
        await transaction.start()
        await publisher.execute(INSERT, "credit.locked", "revenue")
        applying = asyncio.create_task(roles.apply_roles(connection, ROLES))
        await asyncio.sleep(1.2)
        assert not applying.done()
        await transaction.commit()
        await applying


async def test_a_transaction_that_goes_on_is_left_alone(
    roles_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roles, "_ATTEMPTS", 1)
    async with (
        connected(roles_dsn, "revenue_app") as publisher,
        connected(roles_dsn) as connection,
        publisher.transaction(),
    ):
        await publisher.execute(INSERT, "credit.locked", "revenue")
        with pytest.raises(ConfigurationError, match=r"^Nothing was changed: other transactions used"):
            await roles.apply_roles(connection, ROLES)
        await publisher.execute(INSERT, "credit.locked", "revenue")


# without the command, and without a superuser


async def test_psql_does_the_same(roles_dsn: str, tmp_path: Path) -> None:
    psql = shutil.which("psql")
    if psql is None:
        pytest.skip("psql is not installed")
    file = tmp_path / "roles.sql"
    file.write_text(ROLES, "utf-8")
    async with connected(roles_dsn) as connection:
        before = await digest(connection)
        await connection.execute("create policy spy on sguild_dispatcher.event_log using (true)")
    process = await asyncio.create_subprocess_exec(
        psql, "--quiet", "--set", "ON_ERROR_STOP=1", "--file", str(file), roles_dsn
    )
    assert await process.wait() == 0
    async with connected(roles_dsn) as connection:
        assert await digest(connection) == before


async def test_an_owner_who_is_no_superuser(run: Run, roles_template: tuple[str, str]) -> None:
    """As on a managed server: the owner migrates, installs the roles, and sees everything."""
    server, _ = roles_template
    dsn = await create_database(server)
    try:
        owner_dsn = await owned(dsn, "sguild_test_owner")
        code, out, err = await run("roles", "apply", "--dsn", owner_dsn)
        assert (code, err) == (0, ""), (out, err)
        async with connected(dsn) as superuser:
            await create_login(superuser, "sales_app", "in role sguild_sales")
            await superuser.execute(INSERT, "credit.locked", "revenue")
            await superuser.execute(OLD, "credit.locked", "revenue")
        async with connected(dsn, "sguild_test_owner") as owner:
            assert await owner.fetchval("select count(*) from sguild_dispatcher.event_log") == 2
            await owner.execute("create temporary table kept (id integer)")
            await migrate(owner)
            report = await run_retention(owner, RetentionPolicy(), Author(actor="owner"))
            assert [f"{day:%Y-%m-%d}" for day in report.dropped] == ["2020-01-01"]
        async with connected(dsn, "sales_app") as sales:
            assert await sales.fetchval("select count(*) from sguild_dispatcher.event_log") == 1
            assert await sales.fetchval("select sguild_dispatcher.create_log_days(9)") == 2
        assert (await run("roles", "apply", "--dsn", owner_dsn))[0] == 0
    finally:
        await drop_database(dsn)


async def test_retention_drops_nothing_by_the_hand_of_who_does_not_see_all(
    roles_template: tuple[str, str],
) -> None:
    server, _ = roles_template
    dsn = await create_database(server)
    try:
        await owned(dsn, "sguild_blind_owner")
        async with connected(dsn) as superuser:
            await roles.apply_roles(superuser, ROLES)
            await superuser.execute("revoke dispatcher_operator from sguild_blind_owner")
            await superuser.execute(OLD, "credit.locked", "revenue")
        async with connected(dsn, "sguild_blind_owner") as owner:
            with pytest.raises(MissingRightsError) as caught:
                await run_retention(owner, RetentionPolicy(), Author(actor="owner"))
    finally:
        await drop_database(dsn)
    assert str(caught.value) == (
        "Policies hide subscribers from the role sguild_blind_owner, so what they still need would be "
        'dropped: run `grant dispatcher_operator to "sguild_blind_owner"`, or connect as a superuser.'
    )


async def owned(dsn: str, name: str, *, may_grant: bool = True) -> str:
    """Give a database to a login that may create roles, and let it migrate."""
    async with connected(dsn) as superuser:
        await create_login(superuser, name, "createrole")
        await superuser.execute(
            f"do $$ begin execute format('alter database %I owner to {name}', current_database()); end $$"
        )
        # The roles are there already, of other databases; only who made one may grant it.
        if may_grant:
            await superuser.execute(f"grant dispatcher_operator to {name} with admin option")
    async with connected(dsn, name) as owner:
        await migrate(owner)
    return login_dsn(dsn, name)
