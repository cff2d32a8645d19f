-- What failed from a seq on and is in the log, which delivers it again. The audit learns of each.
-- $1 subscription, $2 seq, $3 audit entry
with gone as (
    delete from sguild_dispatcher.failed_delivery as failed
    where failed.subscription_id = $1
        and failed.log = ''
        and failed.seq >= $2
        and exists (select from sguild_dispatcher.event_log as log where log.seq = failed.seq)
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
