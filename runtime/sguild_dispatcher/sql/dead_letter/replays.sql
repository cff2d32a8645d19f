-- What became of replays, the newest first. An event that failed again and was replayed or discarded since counts
-- there, and here only as asked.
-- $1 id (null: all), $2 limit
select
    entry.id, entry.acted_at, entry.actor, entry.reason, entry.details,
    outcome.asked, outcome.waiting, outcome.delivered, outcome.dead, outcome.superseded
from (
    select entry.*
    from sguild_dispatcher.audit_entry as entry
    where entry.action = 'replay' and ($1::bigint is null or entry.id = $1)
    order by entry.id desc
    limit $2
) as entry
cross join lateral (
    select
        pg_catalog.count(*) as asked,
        pg_catalog.count(*) filter (where event.is_here and event.state <> 'dead') as waiting,
        pg_catalog.count(*) filter (where event.is_here and event.state = 'dead') as dead,
        pg_catalog.count(*) filter (where not event.is_here and event.again) as superseded,
        pg_catalog.count(*) filter (where not event.is_here and not event.again) as delivered
    from (
        select
            coalesce(failed.replay_id = entry.id, false) as is_here,
            failed.state,
            exists (
                select
                from sguild_dispatcher.audit_event as later
                where later.subscription_id = event.subscription_id
                    and later.log = event.log
                    and later.seq = event.seq
                    and later.entry_id > entry.id
            ) as again
        from sguild_dispatcher.audit_event as event
        left join sguild_dispatcher.failed_delivery as failed
            on failed.subscription_id = event.subscription_id and failed.log = event.log and failed.seq = event.seq
        where event.entry_id = entry.id
    ) as event
) as outcome
order by entry.id desc;
