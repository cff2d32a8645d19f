-- Days from today to the day after tomorrow (UTC) that the log has no table for.
select pg_catalog.to_char(day.first, 'YYYY-MM-DD') as day
from pg_catalog.generate_series(
    pg_catalog.date_trunc('day', pg_catalog.now() at time zone 'UTC'),
    pg_catalog.date_trunc('day', pg_catalog.now() at time zone 'UTC') + interval '2 days',
    interval '1 day'
) as day (first)
where not exists (
    select from pg_catalog.pg_inherits as inheritance
    join pg_catalog.pg_class as relation on relation.oid = inheritance.inhrelid
    where inheritance.inhparent = 'sguild_dispatcher.event_log'::regclass
        and relation.relname = 'event_log_' || pg_catalog.to_char(day.first, 'YYYYMMDD')
)
order by day.first;
