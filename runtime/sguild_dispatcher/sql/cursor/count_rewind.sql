-- How many events are done that going back to a seq delivers again.
-- $1 subscription, $2 seq
select pg_catalog.count(*)
from sguild_dispatcher.subscription as subscription
join sguild_dispatcher.event_log as log on log.seq >= $2
cross join lateral (
    select newest.*
    from sguild_dispatcher.cursor as newest
    where newest.subscription_id = subscription.id and newest.partition = log.bucket % subscription.partitions
    order by newest.version desc
    limit 1
) as cursor
where subscription.id = $1
    and log.event_type <> all (subscription.ignored_types)
    and (
        log.generation < cursor.generation
        or log.generation = cursor.generation and (
            pg_catalog.pg_visible_in_snapshot(log.txid, cursor.done)
            or pg_catalog.pg_visible_in_snapshot(log.txid, cursor.window_snapshot) and log.seq <= cursor.position
        )
    );
