-- Views, and functions with the rights of their owner, that read the tables and that a domain's role or login may use.
-- What a function reads is known by its text alone.
with recursive reading (oid) as (
    select relation.oid
    from pg_catalog.pg_class as relation
    where relation.relnamespace = 'sguild_dispatcher'::regnamespace
    union
    select rule.ev_class
    from reading
    join pg_catalog.pg_depend as dependency
        on dependency.refclassid = 'pg_catalog.pg_class'::regclass and dependency.refobjid = reading.oid
        and dependency.classid = 'pg_catalog.pg_rewrite'::regclass
    join pg_catalog.pg_rewrite as rule on rule.oid = dependency.objid
),
service as (
    select role.oid, role.rolname
    from pg_catalog.pg_roles as role
    where not role.rolsuper
        and exists (
            select from sguild_dispatcher.domain_role as own
            join pg_catalog.pg_roles as domain on domain.rolname = own.role
            where pg_catalog.pg_has_role(role.oid, domain.oid, 'usage')
        )
        and not exists (
            select from pg_catalog.pg_roles as operator
            where operator.rolname = 'dispatcher_operator' and pg_catalog.pg_has_role(role.oid, operator.oid, 'usage')
        )
),
object (kind, name, owner, reader) as (
    select 'view', view.oid::regclass::text, view.relowner, service.rolname
    from reading
    join pg_catalog.pg_class as view on view.oid = reading.oid and view.relkind in ('v', 'm')
    join service on pg_catalog.has_any_column_privilege(service.oid, view.oid, 'select')
        and pg_catalog.has_schema_privilege(service.oid, view.relnamespace, 'usage')
        and not pg_catalog.pg_has_role(service.oid, view.relowner, 'usage')
    where not coalesce(view.reloptions && array['security_invoker=true', 'security_invoker=on'], false)
    union all
    select 'function', function.oid::regprocedure::text, function.proowner, service.rolname
    from pg_catalog.pg_proc as function
    join service on pg_catalog.has_function_privilege(service.oid, function.oid, 'execute')
        and pg_catalog.has_schema_privilege(service.oid, function.pronamespace, 'usage')
        and not pg_catalog.pg_has_role(service.oid, function.proowner, 'usage')
    where function.prosecdef
        and function.pronamespace <> 'sguild_dispatcher'::regnamespace
        and pg_catalog.concat(function.prosrc, pg_catalog.pg_get_function_sqlbody(function.oid)) ~ 'sguild_dispatcher'
)
select object.kind, object.name, owner.rolname as owner, pg_catalog.min(object.reader) as reader
from object
join pg_catalog.pg_roles as owner on owner.oid = object.owner
group by object.kind, object.name, owner.rolname
order by object.kind, object.name;
