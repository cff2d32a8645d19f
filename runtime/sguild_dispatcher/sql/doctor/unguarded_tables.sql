-- Tables whose policies do not apply to everybody.
select relation.relname as name
from pg_catalog.pg_class as relation
where relation.relnamespace = 'sguild_dispatcher'::regnamespace
    and exists (select from pg_catalog.pg_policy as policy where policy.polrelid = relation.oid)
    and not (relation.relrowsecurity and relation.relforcerowsecurity)
    and exists (select from sguild_dispatcher.roles_installed)
order by relation.relname;
