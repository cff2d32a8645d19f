-- Gives all partitions one window of one snapshot, as soon as none is inside of another. A worker that moves at the
-- same time makes this fail by the primary key.
-- $1 subscription
with place as (
    select cursor.*
    from sguild_dispatcher.subscription as subscription
    cross join pg_catalog.generate_series(0, subscription.partitions - 1) as partition (number)
    cross join lateral (
        select newest.*
        from sguild_dispatcher.cursor as newest
        where newest.subscription_id = subscription.id and newest.partition = partition.number
        order by newest.version desc
        limit 1
    ) as cursor
    where subscription.id = $1 and subscription.partitions_wanted is not null
),
newest as (
    select pg_catalog.max(generation.generation) as generation from sguild_dispatcher.generation as generation
)
insert into sguild_dispatcher.cursor
    (subscription_id, domain, partition, version, generation, done, window_snapshot, position)
select
    place.subscription_id, place.domain, place.partition, place.version + 1, place.generation, place.done,
    pg_catalog.pg_current_snapshot(), 0
from place cross join newest
where not exists (
    select from place as busy
    where busy.window_snapshot is not null or busy.generation < newest.generation
)
returning partition;
