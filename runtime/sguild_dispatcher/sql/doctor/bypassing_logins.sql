-- All other logins that no policy stops, for somebody to look through.
select login.rolname as login,
    case
        when login.rolsuper then 'is a superuser'
        when login.rolbypassrls then 'has the attribute bypassrls'
        else 'has the rights of dispatcher_operator'
    end as how
from pg_catalog.pg_roles as login
where login.rolcanlogin
    and exists (select from sguild_dispatcher.roles_installed)
    and (
        login.rolsuper or login.rolbypassrls
        or exists (
            select from pg_catalog.pg_roles as strong
            where strong.rolname = 'dispatcher_operator' and pg_catalog.pg_has_role(login.oid, strong.oid, 'usage')
        )
    )
order by login.rolname;
