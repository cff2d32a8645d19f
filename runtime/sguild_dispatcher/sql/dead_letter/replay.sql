-- Dead letters become retries, in the order of seq: at once, or some a second. The audit learns of each.
-- $1 ids, $2 audit entry, $3 now, $4 seconds between two
with turn as (
    select
        failed.id,
        (pg_catalog.row_number() over (order by failed.seq, failed.subscription_id, failed.log) - 1)
            * pg_catalog.make_interval(secs => $4) as after
    from sguild_dispatcher.failed_delivery as failed
    where failed.state = 'dead' and failed.id = any ($1::bigint[])
),
replayed as (
    update sguild_dispatcher.failed_delivery as failed
    set state = 'retrying', next_attempt_at = $3::timestamptz + turn.after, attempts = 0, replays = failed.replays + 1,
        replay_id = $2
    from turn
    where failed.id = turn.id and failed.state = 'dead'
    returning failed.subscription_id, failed.domain, failed.log, failed.seq, failed.event_id, failed.event_type
),
noted as (
    insert into sguild_dispatcher.audit_event
        (entry_id, entry_domain, subscription_id, domain, log, seq, event_id, event_type)
    select
        entry.id, entry.domain, replayed.subscription_id, replayed.domain, replayed.log, replayed.seq,
        replayed.event_id, replayed.event_type
    from replayed
    join sguild_dispatcher.audit_entry as entry on entry.id = $2
)
select pg_catalog.count(*) from replayed;
