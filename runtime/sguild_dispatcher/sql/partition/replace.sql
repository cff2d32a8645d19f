-- Replaces partitions that are all at one place by as many as are wanted. Every former partition gets a row, also one
-- that is no more: a worker that moves it at the same time makes this fail by the primary key, or fails itself.
-- $1 subscription
with place as (
    select subscription.partitions_wanted, cursor.*
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
agreed as (
    select
        pg_catalog.min(place.done::text) as done, pg_catalog.min(place.generation) as generation,
        pg_catalog.max(place.version) as version
    from place
    having pg_catalog.count(*) = pg_catalog.count(*) filter (where place.window_snapshot is null)
        and pg_catalog.count(distinct place.done::text) = 1
        and pg_catalog.count(distinct place.generation) = 1
),
placed as (
    insert into sguild_dispatcher.cursor (subscription_id, domain, partition, version, generation, done)
    select
        subscription.id, subscription.domain, partition.number,
        coalesce(
            (
                select pg_catalog.max(former.version) from sguild_dispatcher.cursor as former
                where former.subscription_id = subscription.id and former.partition = partition.number
            ),
            agreed.version
        ) + 1,
        agreed.generation, agreed.done::pg_catalog.pg_snapshot
    from agreed
    cross join sguild_dispatcher.subscription as subscription
    cross join pg_catalog.generate_series(
        0, greatest(subscription.partitions, subscription.partitions_wanted) - 1
    ) as partition (number)
    where subscription.id = $1
    returning partition
),
freed as (
    delete from sguild_dispatcher.partition_owner as owner
    using sguild_dispatcher.subscription as subscription
    where owner.subscription_id = $1
        and subscription.id = $1
        and owner.partition >= subscription.partitions_wanted
        and exists (select from placed)
)
update sguild_dispatcher.subscription as subscription
set partitions = subscription.partitions_wanted, partitions_wanted = null
where subscription.id = $1 and exists (select from placed)
returning subscription.partitions;
