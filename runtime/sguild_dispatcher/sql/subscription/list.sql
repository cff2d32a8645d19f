-- Every subscription with what waits for it, and what failed.
select
    subscription.id, subscription.domain, subscription.name, subscription.registered_at, subscription.first_started_at,
    subscription.paused_at, subscription.retired_at, subscription.partitions,
    (
        select newest.system_identifier from sguild_dispatcher.generation as newest
        order by newest.generation desc limit 1
    ) = control.system_identifier as same_cluster,
    places.moved_at,
    places.waiting, places.waiting_since,
    failed.retrying, failed.dead
from sguild_dispatcher.subscription as subscription
cross join pg_catalog.pg_control_system() as control
cross join lateral (
    select
        pg_catalog.max(place.moved_at) as moved_at,
        pg_catalog.sum(waiting.events)::bigint as waiting,
        pg_catalog.min(waiting.oldest_at) as waiting_since
    from (
        select distinct on (cursor.partition)
            cursor.partition, cursor.generation, cursor.done, cursor.window_snapshot, cursor.position, cursor.moved_at
        from sguild_dispatcher.cursor as cursor
        where cursor.subscription_id = subscription.id
        order by cursor.partition, cursor.version desc
    ) as place
    cross join lateral (
        select pg_catalog.count(*) as events, pg_catalog.min(log.created_at) as oldest_at
        from sguild_dispatcher.event_log as log
        where subscription.retired_at is null
            and log.bucket % subscription.partitions = place.partition
            and (
                log.generation > place.generation
                or log.generation = place.generation
                    and (
                        log.txid >= pg_catalog.pg_snapshot_xmax(place.done)
                        or log.txid = any (array(select pg_catalog.pg_snapshot_xip(place.done)))
                    )
                    and not (
                        place.window_snapshot is not null
                        and pg_catalog.pg_visible_in_snapshot(log.txid, place.window_snapshot)
                        and log.seq <= place.position
                    )
            )
            and log.event_type <> all (subscription.ignored_types)
    ) as waiting
) as places
cross join lateral (
    select
        pg_catalog.count(*) filter (where delivery.state <> 'dead') as retrying,
        pg_catalog.count(*) filter (where delivery.state = 'dead') as dead
    from sguild_dispatcher.failed_delivery as delivery
    where delivery.subscription_id = subscription.id
) as failed
order by subscription.domain, subscription.name;
