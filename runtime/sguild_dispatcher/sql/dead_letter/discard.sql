-- Dead letters are deleted, and the audit learns of each. The event stays in the log; what was held back goes on.
-- $1 ids, $2 audit entry
with discarded as (
    delete from sguild_dispatcher.failed_delivery as failed
    where failed.state = 'dead' and failed.id = any ($1::bigint[])
    returning failed.subscription_id, failed.log, failed.seq, failed.event_id, failed.event_type
),
noted as (
    insert into sguild_dispatcher.audit_event (entry_id, subscription_id, log, seq, event_id, event_type)
    select $2, discarded.subscription_id, discarded.log, discarded.seq, discarded.event_id, discarded.event_type
    from discarded
)
select pg_catalog.count(*) from discarded;
