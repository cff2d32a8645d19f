-- Tables whose policies do not apply to everybody.
select relation.relname as name
from pg_catalog.pg_class as relation
where relation.relnamespace = 'sguild_dispatcher'::regnamespace
    and relation.relname in (
        'event_log', 'subscription', 'cursor', 'worker', 'partition_owner', 'failed_delivery', 'inbox',
        'audit_entry', 'audit_event'
    )
    and not (relation.relrowsecurity and relation.relforcerowsecurity)
    and exists (select from sguild_dispatcher.roles_installed)
order by relation.relname;
