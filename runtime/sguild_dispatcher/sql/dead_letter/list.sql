-- Dead letters without what the event says, and how many later events of its key each holds back.
-- $1 ids
select
    failed.id, subscription.domain, subscription.name, failed.log, failed.seq, failed.event_id, failed.event_type,
    failed.schema_version, failed.producer, failed.tenant_id, failed.ordering_key, failed.key_id, failed.reason,
    failed.detail, failed.attempts, failed.replays, failed.replay_id, failed.first_failed_at, failed.last_failed_at,
    (
        select pg_catalog.count(*)
        from sguild_dispatcher.failed_delivery as held
        where held.subscription_id = failed.subscription_id
            and held.log = failed.log
            and held.ordering_key = failed.ordering_key
            and held.seq > failed.seq
            and held.state = 'held'
    ) as held
from sguild_dispatcher.failed_delivery as failed
join sguild_dispatcher.subscription as subscription on subscription.id = failed.subscription_id
where failed.state = 'dead' and failed.id = any ($1::bigint[])
order by failed.subscription_id, failed.log, failed.seq;
