select own.domain, own.role
from sguild_dispatcher.domain_role as own
where own.role not in (select role.rolname from pg_catalog.pg_roles as role)
order by own.domain;
