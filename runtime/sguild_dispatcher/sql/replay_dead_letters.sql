-- Dead letters become retries that are due at once, and the audit learns who did it and why.
-- $1 to $5 as in list_dead_letters.sql, $6 actor, $7 reason, $8 now
with replayed as (
    update sguild_dispatcher.failed_delivery as failed
    set state = 'retrying', next_attempt_at = $8, attempts = 0, replays = failed.replays + 1
    from sguild_dispatcher.subscription as subscription
    where subscription.id = failed.subscription_id
        and failed.state = 'dead'
        and ($1::bigint is null or failed.id = $1)
        and ($2::text is null or subscription.domain = $2)
        and ($3::text is null or subscription.name = $3)
        and ($4::text is null or failed.event_type = $4)
        and ($5::text is null or failed.reason = $5)
    returning failed.subscription_id, failed.log, failed.seq, failed.event_id, failed.event_type
),
entry as (
    insert into sguild_dispatcher.audit_entry (action, actor, reason)
    select 'replay', $6, $7
    where exists (select from replayed)
    returning id
),
noted as (
    insert into sguild_dispatcher.audit_event (entry_id, subscription_id, log, seq, event_id, event_type)
    select entry.id, replayed.subscription_id, replayed.log, replayed.seq, replayed.event_id, replayed.event_type
    from entry cross join replayed
)
select pg_catalog.count(*) from replayed;
