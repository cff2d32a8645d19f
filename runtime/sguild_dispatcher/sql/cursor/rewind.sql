-- Makes what is done a window that is delivered again from a seq on. What lies before the seq is done, and what the
-- window does not see comes afterwards. A seq of before a restore lies in a window that sees all of that generation,
-- and all later ones follow. A worker that moves at the same time makes this fail by the primary key.
-- $1 subscription, $2 seq
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
target as (
    select (
        select log.generation from sguild_dispatcher.event_log as log where log.seq >= $2 order by log.seq limit 1
    ) as generation
)
insert into sguild_dispatcher.cursor
    (subscription_id, domain, partition, version, generation, done, window_snapshot, position)
select
    place.subscription_id, place.domain, place.partition, place.version + 1,
    least(place.generation, target.generation),
    '3:3:',
    case
        when target.generation < place.generation then '9223372036854775807:9223372036854775807:'
        else coalesce(place.window_snapshot, place.done)
    end,
    $2 - 1
from place cross join target
where not exists (select from place as ahead where ahead.window_snapshot is not null and $2 - 1 > ahead.position)
returning partition;
