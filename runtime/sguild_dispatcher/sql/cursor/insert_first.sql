-- A cursor for each partition. Versions rise for ever, so that nobody who was here before can move one: the next one may
-- be in the open transaction of a worker that has not noticed yet that the subscription was retired, so it is left out.
-- What failed before and is delivered anew by the log is not kept for a retry, too; the audit learns of each.
-- $1 subscription, $2 whether to start at the beginning, $3 actor, $4 reason. No transaction id is below 3.
with entry as (
    insert into sguild_dispatcher.audit_entry (action, domain, name, actor, reason, details)
    select
        'register', subscription.domain, subscription.name, $3, $4,
        pg_catalog.json_build_object(
            'start', case when $2 then 'beginning' else 'now' end, 'partitions', subscription.partitions
        )
    from sguild_dispatcher.subscription as subscription
    where subscription.id = $1
    returning id, domain
),
latest as (
    delete from sguild_dispatcher.cursor as cursor where cursor.subscription_id = $1
    returning cursor.version
),
forgotten as (
    delete from sguild_dispatcher.failed_delivery as failed
    where $2
        and failed.subscription_id = $1
        and failed.log = ''
        and exists (select from sguild_dispatcher.event_log as log where log.seq = failed.seq)
    returning failed.subscription_id, failed.domain, failed.log, failed.seq, failed.event_id, failed.event_type
),
noted as (
    insert into sguild_dispatcher.audit_event
        (entry_id, entry_domain, subscription_id, domain, log, seq, event_id, event_type)
    select
        entry.id, entry.domain, forgotten.subscription_id, forgotten.domain, forgotten.log, forgotten.seq,
        forgotten.event_id, forgotten.event_type
    from forgotten
    cross join entry
)
insert into sguild_dispatcher.cursor (subscription_id, domain, partition, version, generation, done)
select
    subscription.id, subscription.domain, partition,
    coalesce((select pg_catalog.max(latest.version) from latest) + 2, 1),
    case when $2
        then (select pg_catalog.min(generation.generation) from sguild_dispatcher.generation as generation)
        else (select pg_catalog.max(generation.generation) from sguild_dispatcher.generation as generation)
    end,
    case when $2 then '3:3:'::pg_catalog.pg_snapshot else pg_catalog.pg_current_snapshot() end
from sguild_dispatcher.subscription as subscription
cross join pg_catalog.generate_series(0, subscription.partitions - 1) as partition
where subscription.id = $1;
