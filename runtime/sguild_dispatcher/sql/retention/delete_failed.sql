-- Dead letters of long ago, if a period is given for them, and whatever failed for a subscription that was retired as
-- long ago as the log reaches back. The audit learns of each.
-- $1 days of the log, $2 days of dead letters (null: kept), $3 audit entry, $4 limit
with gone as (
    delete from sguild_dispatcher.failed_delivery as failed
    where failed.id = any (array(
        select old.id
        from sguild_dispatcher.failed_delivery as old
        join sguild_dispatcher.subscription as subscription on subscription.id = old.subscription_id
        where old.state = 'dead' and old.last_failed_at < pg_catalog.now() - pg_catalog.make_interval(days => $2)
            or subscription.retired_at < pg_catalog.now() - pg_catalog.make_interval(days => $1)
        limit $4
    ))
    returning failed.subscription_id, failed.domain, failed.log, failed.seq, failed.event_id, failed.event_type
),
noted as (
    insert into sguild_dispatcher.audit_event
        (entry_id, entry_domain, subscription_id, domain, log, seq, event_id, event_type)
    select
        entry.id, entry.domain, gone.subscription_id, gone.domain, gone.log, gone.seq, gone.event_id,
        gone.event_type
    from gone
    join sguild_dispatcher.audit_entry as entry on entry.id = $3
)
select pg_catalog.count(*) from gone;
