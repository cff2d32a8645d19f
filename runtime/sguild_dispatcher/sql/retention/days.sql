-- The days of the log: tables, and what lies in event_log_default.
select
    pg_catalog.to_date(pg_catalog.substring(child.relname, '[0-9]{8}$'), 'YYYYMMDD') as day,
    child.relname::text as table,
    pg_catalog.pg_total_relation_size(child.oid) as bytes
from pg_catalog.pg_inherits as inherits
join pg_catalog.pg_class as child on child.oid = inherits.inhrelid
where inherits.inhparent = 'sguild_dispatcher.event_log'::pg_catalog.regclass
    and child.relname ~ '^event_log_[0-9]{8}$'
union all
select late.day, null, 0::bigint
from sguild_dispatcher.days_in_default() as late
order by 1;
