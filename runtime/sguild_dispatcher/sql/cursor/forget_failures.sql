-- What failed from a seq on and is in the log, which delivers it again. The audit learns of each.
-- $1 subscription, $2 seq, $3 audit entry
with gone as (
    delete from sguild_dispatcher.failed_delivery as failed
    where failed.subscription_id = $1
        and failed.log = ''
        and failed.seq >= $2
        and exists (select from sguild_dispatcher.event_log as log where log.seq = failed.seq)
    returning failed.subscription_id, failed.log, failed.seq, failed.event_id, failed.event_type
),
noted as (
    insert into sguild_dispatcher.audit_event (entry_id, subscription_id, log, seq, event_id, event_type)
    select $3, gone.subscription_id, gone.log, gone.seq, gone.event_id, gone.event_type from gone
)
select pg_catalog.count(*) from gone;
