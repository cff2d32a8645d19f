-- A cursor for each partition. Versions rise for ever, so that nobody who was here before can move one: the next one may
-- be in the open transaction of a worker that has not noticed yet that the subscription was retired, so it is left out.
-- What failed before and is delivered anew by the log is not kept for a retry, too.
-- $1 subscription, $2 whether to start at the beginning. No transaction id is below 3.
with latest as (
    delete from sguild_dispatcher.cursor as cursor where cursor.subscription_id = $1
    returning cursor.version
),
forgotten as (
    delete from sguild_dispatcher.failed_delivery as failed
    where $2
        and failed.subscription_id = $1
        and failed.log = ''
        and exists (select from sguild_dispatcher.event_log as log where log.seq = failed.seq)
)
insert into sguild_dispatcher.cursor (subscription_id, domain, partition, version, generation, done)
select
    subscription.id, subscription.domain, partition,
    coalesce((select pg_catalog.max(latest.version) from latest) + 2, 1),
    case when $2
        then (select pg_catalog.min(generation.generation) from sguild_dispatcher.generation as generation)
        else (select pg_catalog.max(generation.generation) from sguild_dispatcher.generation as generation)
    end,
    case when $2 then '3:3:'::pg_catalog.pg_snapshot else pg_catalog.pg_current_snapshot() end
from sguild_dispatcher.subscription as subscription
cross join pg_catalog.generate_series(0, subscription.partitions - 1) as partition
where subscription.id = $1;
