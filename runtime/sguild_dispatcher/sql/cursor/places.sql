-- The place of each partition, and who owns it.
-- $1 subscription (null: all)
select
    subscription.id as subscription_id, partition.number as partition,
    cursor.version, cursor.generation, cursor.done::text as done, cursor.window_snapshot::text as window,
    cursor.position, cursor.moved_at,
    (select pg_catalog.max(newest.generation) from sguild_dispatcher.generation as newest) as newest_generation,
    worker.process as owner, coalesce(worker.alive_until > pg_catalog.clock_timestamp(), false) as owner_alive
from sguild_dispatcher.subscription as subscription
cross join pg_catalog.generate_series(0, subscription.partitions - 1) as partition (number)
cross join lateral (
    select newest.*
    from sguild_dispatcher.cursor as newest
    where newest.subscription_id = subscription.id and newest.partition = partition.number
    order by newest.version desc
    limit 1
) as cursor
left join sguild_dispatcher.partition_owner as owner
    on owner.subscription_id = subscription.id and owner.partition = partition.number
left join sguild_dispatcher.worker as worker
    on worker.subscription_id = subscription.id and worker.id = owner.worker_id
where $1::bigint is null or subscription.id = $1
order by subscription.domain, subscription.name, partition.number;
