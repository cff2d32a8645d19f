-- Logins that were given the role of a domain, and that its policies do not stop. Whoever made a role is a member of
-- it since PostgreSQL 16, without its rights.
with recursive granted (member, role) as (
    select membership.member, membership.roleid from pg_catalog.pg_auth_members as membership
    union
    select membership.member, granted.role
    from pg_catalog.pg_auth_members as membership
    join granted on granted.member = membership.roleid
)
select login.rolname as login, own.role, bypass.how
from sguild_dispatcher.domain_role as own
join pg_catalog.pg_roles as role on role.rolname = own.role
join granted on granted.role = role.oid
join pg_catalog.pg_roles as login on login.oid = granted.member
    and login.rolcanlogin
    and pg_catalog.pg_has_role(login.oid, role.oid, 'usage')
cross join lateral (
    select 'is a superuser' as how where login.rolsuper
    union all
    select 'has the attribute bypassrls' where login.rolbypassrls and not login.rolsuper
    union all
    select pg_catalog.format('may become %s, which policies do not stop', strong.rolname)
    from granted as further
    join pg_catalog.pg_roles as strong on strong.oid = further.role
    where further.member = login.oid
        and (
            strong.rolsuper or strong.rolbypassrls or strong.rolname = 'dispatcher_operator'
            or strong.oid = (
                select namespace.nspowner from pg_catalog.pg_namespace as namespace
                where namespace.nspname = 'sguild_dispatcher'
            )
        )
    union all
    select pg_catalog.format('is a member of %s, which gives more than policies', strong.rolname)
    from granted as further
    join pg_catalog.pg_roles as strong on strong.oid = further.role
    where further.member = login.oid
        and strong.rolname in (
            'pg_execute_server_program', 'pg_read_all_data', 'pg_read_server_files', 'pg_write_all_data',
            'pg_write_server_files'
        )
    union all
    select 'has the attribute replication, with which it may copy the whole server'
    where login.rolreplication and not login.rolsuper
    union all
    select 'has the attribute createrole, with which it may become whoever it likes before PostgreSQL 16'
    where login.rolcreaterole and not login.rolsuper
        and pg_catalog.current_setting('server_version_num')::integer < 160000
    union all
    select 'owns the schema'
    from pg_catalog.pg_namespace as namespace
    where namespace.nspname = 'sguild_dispatcher' and namespace.nspowner = login.oid and not login.rolsuper
) as bypass
order by 1, 2, 3;
