-- What in the schema belongs to somebody else than the schema. Sequences go with their tables.
select object.kind, object.name, owner.rolname as owner, proper.rolname as proper
from (
    select 'table' as kind, relation.oid::regclass::text as name, relation.relowner as owner
    from pg_catalog.pg_class as relation
    where relation.relnamespace = 'sguild_dispatcher'::regnamespace and relation.relkind in ('r', 'p', 'v', 'm', 'f')
    union all
    select 'routine', function.oid::regprocedure::text, function.proowner
    from pg_catalog.pg_proc as function
    where function.pronamespace = 'sguild_dispatcher'::regnamespace
) as object
join pg_catalog.pg_namespace as namespace on namespace.nspname = 'sguild_dispatcher'
join pg_catalog.pg_roles as owner on owner.oid = object.owner
join pg_catalog.pg_roles as proper on proper.oid = namespace.nspowner
where owner.oid <> proper.oid
    and exists (select from sguild_dispatcher.roles_installed)
order by object.kind, object.name;
