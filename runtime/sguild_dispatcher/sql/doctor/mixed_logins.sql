-- Logins that have the rights of several domains. A superuser has all rights, and is told of elsewhere.
select login.rolname as login, pg_catalog.string_agg(own.role, ', ' order by own.role) as roles
from sguild_dispatcher.domain_role as own
join pg_catalog.pg_roles as role on role.rolname = own.role
join pg_catalog.pg_roles as login on login.rolcanlogin
    and not login.rolsuper
    and pg_catalog.pg_has_role(login.oid, role.oid, 'usage')
group by login.rolname
having pg_catalog.count(*) > 1
order by login.rolname;
