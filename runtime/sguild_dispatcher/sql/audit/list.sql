-- The newest entries first.
-- $1 action, $2 domain, $3 name, $4 since, $5 limit, $6 id; a null does not restrict
select
    entry.id, entry.acted_at, entry.action, entry.domain, entry.name, entry.actor, entry.reason, entry.details,
    (select pg_catalog.count(*) from sguild_dispatcher.audit_event as event where event.entry_id = entry.id) as events
from sguild_dispatcher.audit_entry as entry
where ($1::text is null or entry.action = $1)
    and ($2::text is null or entry.domain = $2)
    and ($3::text is null or entry.name = $3)
    and ($4::timestamptz is null or entry.acted_at >= $4)
    and ($6::bigint is null or entry.id = $6)
order by entry.id desc
limit $5;
