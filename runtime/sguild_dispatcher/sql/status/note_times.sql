-- Adds calls of handlers to those of the hour; a new hour begins anew.
-- $1 subscription, $2 event types, $3 calls, $4 seconds, $5 slowest
insert into sguild_dispatcher.handler_time as time
    (subscription_id, domain, event_type, hour, calls, seconds, slowest)
select
    subscription.id, subscription.domain, handler.event_type, pg_catalog.date_trunc('hour', pg_catalog.now(), 'UTC'),
    handler.calls, handler.seconds, handler.slowest
from sguild_dispatcher.subscription as subscription
cross join rows from (
    pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::bigint[]),
    pg_catalog.unnest($4::double precision[]), pg_catalog.unnest($5::double precision[])
) as handler (event_type, calls, seconds, slowest)
where subscription.id = $1
on conflict (subscription_id, event_type, domain) do update
set hour = excluded.hour,
    calls = excluded.calls + case when time.hour = excluded.hour then time.calls else 0 end,
    seconds = excluded.seconds + case when time.hour = excluded.hour then time.seconds else 0 end,
    slowest = greatest(excluded.slowest, case when time.hour = excluded.hour then time.slowest end);
