-- Dead letters are deleted, and the audit learns of each. The event stays in the log; what was held back goes on.
-- $1 ids, $2 audit entry
with discarded as (
    delete from sguild_dispatcher.failed_delivery as failed
    where failed.state = 'dead' and failed.id = any ($1::bigint[])
    returning failed.subscription_id, failed.domain, failed.log, failed.seq, failed.event_id, failed.event_type
),
noted as (
    insert into sguild_dispatcher.audit_event
        (entry_id, entry_domain, subscription_id, domain, log, seq, event_id, event_type)
    select
        entry.id, entry.domain, discarded.subscription_id, discarded.domain, discarded.log, discarded.seq,
        discarded.event_id, discarded.event_type
    from discarded
    join sguild_dispatcher.audit_entry as entry on entry.id = $2
)
select pg_catalog.count(*) from discarded;
