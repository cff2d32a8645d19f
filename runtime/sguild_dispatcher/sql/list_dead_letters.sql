-- Dead letters in the order of the log, without what the event says.
-- $1 id, $2 domain, $3 name, $4 event type, $5 reason; a null does not restrict
select
    failed.id, subscription.domain, subscription.name, failed.seq, failed.event_id, failed.event_type,
    failed.schema_version, failed.producer, failed.tenant_id, failed.ordering_key, failed.key_id, failed.reason,
    failed.detail, failed.attempts, failed.replays, failed.first_failed_at, failed.last_failed_at
from sguild_dispatcher.failed_delivery as failed
join sguild_dispatcher.subscription as subscription on subscription.id = failed.subscription_id
where failed.state = 'dead'
    and ($1::bigint is null or failed.id = $1)
    and ($2::text is null or subscription.domain = $2)
    and ($3::text is null or subscription.name = $3)
    and ($4::text is null or failed.event_type = $4)
    and ($5::text is null or failed.reason = $5)
order by failed.subscription_id, failed.seq;
