-- How long the oldest waiting event of some partitions has waited, in seconds; 0 where nothing waits.
-- Each look ends at the first row that an index gives, so it costs the same however many events wait: the oldest
-- one is that of the oldest transaction, or the next one of a frozen window.
-- $1 subscription, $2 partitions
with place as (
    select distinct on (cursor.partition)
        cursor.partition, cursor.generation, cursor.done, cursor.window_snapshot, cursor.position,
        subscription.partitions, subscription.ignored_types
    from sguild_dispatcher.cursor as cursor
    join sguild_dispatcher.subscription as subscription on subscription.id = cursor.subscription_id
    where cursor.subscription_id = $1 and cursor.partition = any ($2::integer[])
    order by cursor.partition, cursor.version desc
)
select
    place.partition,
    coalesce(
        greatest(extract(epoch from pg_catalog.clock_timestamp() - least(windowed.at, begun.at, late.at)), 0), 0
    )::float8 as seconds
from place
left join lateral ( -- the rest of a frozen window
    select log.created_at as at
    from sguild_dispatcher.event_log as log
    where place.window_snapshot is not null
        and log.seq > place.position
        and (
            log.txid >= pg_catalog.pg_snapshot_xmax(place.done)
            or log.txid = any (array(select pg_catalog.pg_snapshot_xip(place.done)))
        )
        and pg_catalog.pg_visible_in_snapshot(log.txid, place.window_snapshot)
        and log.generation = place.generation
        and log.bucket % place.partitions = place.partition
        and log.event_type <> all (place.ignored_types)
    order by log.seq
    limit 1
) as windowed on true
left join lateral ( -- what began after the last look
    select log.created_at as at
    from sguild_dispatcher.event_log as log
    where place.window_snapshot is null
        and log.txid >= pg_catalog.pg_snapshot_xmax(place.done)
        and log.generation = place.generation
        and log.bucket % place.partitions = place.partition
        and log.event_type <> all (place.ignored_types)
    order by log.txid
    limit 1
) as begun on true
left join lateral ( -- what was open at the last look
    select pg_catalog.min(log.created_at) as at
    from sguild_dispatcher.event_log as log
    where place.window_snapshot is null
        and log.txid = any (array(select pg_catalog.pg_snapshot_xip(place.done)))
        and log.generation = place.generation
        and log.bucket % place.partitions = place.partition
        and log.event_type <> all (place.ignored_types)
) as late on true;
