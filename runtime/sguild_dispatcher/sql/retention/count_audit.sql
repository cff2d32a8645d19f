-- $1 days
select pg_catalog.count(*)
from sguild_dispatcher.audit_entry as entry
where entry.acted_at < pg_catalog.now() - pg_catalog.make_interval(days => $1);
