-- Leaves out what is committed now: all of it, or the part before a seq, by a window whose position is there.
-- A worker that moves at the same time makes this fail by the primary key.
-- $1 subscription, $2 seq (null: all)
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
    where subscription.id = $1
        and subscription.retired_at is null
        and subscription.partitions_wanted is null
),
newest as (
    select pg_catalog.max(generation.generation) as generation from sguild_dispatcher.generation as generation
)
insert into sguild_dispatcher.cursor
    (subscription_id, domain, partition, version, generation, done, window_snapshot, position)
select
    place.subscription_id, place.domain, place.partition, place.version + 1, newest.generation,
    case when $2::bigint is null then pg_catalog.pg_current_snapshot() else place.done end,
    case when $2::bigint is null then null else pg_catalog.pg_current_snapshot() end,
    $2 - 1
from place cross join newest
where $2::bigint is null
    or not exists (
        select from place as behind
        where behind.generation < newest.generation or behind.window_snapshot is not null and $2 - 1 < behind.position
    )
returning partition;
