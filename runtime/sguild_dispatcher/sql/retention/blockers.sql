-- The cursors that are not past everything that was published in a stretch of time. What a cursor has seen is known by
-- the largest transaction id of the stretch, which the index ends with; so no row is read that need not be. A cursor
-- inside of a window is believed to be past the stretch only when its position is.
-- $1 from, $2 to
with place as (
    select
        subscription.id as subscription_id, subscription.domain, subscription.name, subscription.partitions,
        partition.number as partition, cursor.generation, cursor.done, cursor.position,
        coalesce(cursor.window_snapshot, cursor.done) as seen, cursor.window_snapshot is not null as in_window
    from sguild_dispatcher.subscription as subscription
    cross join pg_catalog.generate_series(0, subscription.partitions - 1) as partition (number)
    cross join lateral (
        select newest.*
        from sguild_dispatcher.cursor as newest
        where newest.subscription_id = subscription.id and newest.partition = partition.number
        order by newest.version desc
        limit 1
    ) as cursor
    where subscription.retired_at is null
)
select place.domain, place.name, place.partition
from place
left join lateral (
    select log.txid
    from sguild_dispatcher.event_log as log
    where log.created_at >= $1 and log.created_at < $2
        and log.bucket % place.partitions = place.partition
        and log.generation = place.generation
    order by log.txid desc
    limit 1
) as newest on true
left join lateral (
    select log.seq
    from sguild_dispatcher.event_log as log
    where log.created_at >= $1 and log.created_at < $2
        and log.bucket % place.partitions = place.partition
    order by log.seq desc
    limit 1
) as last on true
cross join lateral (
    select
        newest.txid >= pg_catalog.pg_snapshot_xmax(place.seen) or exists (
            select
            from pg_catalog.pg_snapshot_xip(place.seen) as open (txid)
            join sguild_dispatcher.event_log as log on log.txid = open.txid
            where log.created_at >= $1 and log.created_at < $2
                and log.bucket % place.partitions = place.partition
                and log.generation = place.generation
        ) as beyond_seen,
        newest.txid >= pg_catalog.pg_snapshot_xmax(place.done) or exists (
            select
            from pg_catalog.pg_snapshot_xip(place.done) as open (txid)
            join sguild_dispatcher.event_log as log on log.txid = open.txid
            where log.created_at >= $1 and log.created_at < $2
                and log.bucket % place.partitions = place.partition
                and log.generation = place.generation
        ) as beyond_done
) as stretch
where last.seq is not null
    and (
        place.generation < (select pg_catalog.max(generation.generation) from sguild_dispatcher.generation as generation)
        or stretch.beyond_seen
        or place.in_window and stretch.beyond_done and last.seq > place.position
    )
order by place.domain, place.name, place.partition;
