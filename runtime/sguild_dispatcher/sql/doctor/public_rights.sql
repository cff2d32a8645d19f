-- What everybody may create, where roles are to keep domains apart.
select privilege.privilege_type as right, pg_catalog.format('the database %s', database.datname) as place
from pg_catalog.pg_database as database
cross join lateral pg_catalog.aclexplode(
    coalesce(database.datacl, pg_catalog.acldefault('d', database.datdba))
) as privilege
where database.datname = pg_catalog.current_database()
    and privilege.grantee = 0
    and privilege.privilege_type in ('CREATE', 'TEMPORARY')
    and exists (select from sguild_dispatcher.roles_installed)
union all
select privilege.privilege_type, pg_catalog.format('the schema %s', namespace.nspname)
from pg_catalog.pg_namespace as namespace
cross join lateral pg_catalog.aclexplode(namespace.nspacl) as privilege
where privilege.grantee = 0
    and privilege.privilege_type = 'CREATE'
    and exists (select from sguild_dispatcher.roles_installed)
order by 1, 2;
