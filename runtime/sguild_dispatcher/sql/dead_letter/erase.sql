-- The events of dead letters are deleted wherever this database has them: in the log, and in what failed for whichever
-- subscription. The audit keeps their ids.
-- $1 ids, $2 audit entry
with event as (
    select distinct failed.log, failed.seq, failed.producer, failed.event_id
    from sguild_dispatcher.failed_delivery as failed
    where failed.state = 'dead' and failed.id = any ($1::bigint[])
),
logged as (
    delete from sguild_dispatcher.event_log as log
    using event
    where event.log = '' and log.seq = event.seq and log.event_id = event.event_id
    returning log.seq
),
copy as (
    delete from sguild_dispatcher.failed_delivery as failed
    using event
    where failed.log = event.log and failed.seq = event.seq and failed.event_id = event.event_id
    returning failed.subscription_id, failed.domain, failed.log, failed.seq, failed.event_id, failed.event_type
),
noted as (
    insert into sguild_dispatcher.audit_event
        (entry_id, entry_domain, subscription_id, domain, log, seq, event_id, event_type)
    select
        entry.id, entry.domain, copy.subscription_id, copy.domain, copy.log, copy.seq, copy.event_id,
        copy.event_type
    from copy
    join sguild_dispatcher.audit_entry as entry on entry.id = $2
)
select
    (select pg_catalog.count(*) from event) as events,
    (select pg_catalog.count(*) from copy) as failures,
    array(select distinct event.log from event where event.log <> '' order by event.log) as elsewhere;
