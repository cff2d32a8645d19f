-- Roles that give more than their policies.
select role.rolname as role, power.what
from pg_catalog.pg_roles as role
cross join lateral (values
    (role.rolsuper, 'superuser'), (role.rolbypassrls, 'bypassrls'), (role.rolcreaterole, 'createrole'),
    (role.rolreplication, 'replication'), (role.rolcanlogin, 'login')
) as power (has, what)
where power.has
    and (
        role.rolname = 'dispatcher_operator'
        or role.rolname in (select own.role from sguild_dispatcher.domain_role as own)
    )
order by role.rolname, power.what;
