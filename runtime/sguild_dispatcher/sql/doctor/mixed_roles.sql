-- Roles of domains that are members of something.
select own.role, given.rolname as given
from sguild_dispatcher.domain_role as own
join pg_catalog.pg_roles as role on role.rolname = own.role
join pg_catalog.pg_auth_members as membership on membership.member = role.oid
join pg_catalog.pg_roles as given on given.oid = membership.roleid
group by own.role, given.rolname
order by own.role, given.rolname;
