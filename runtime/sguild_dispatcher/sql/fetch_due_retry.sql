-- The most overdue retry; those that were replayed together come in the order of the log.
-- $1 subscription, $2 now
select
    failed.id, failed.attempts, failed.replays,
    failed.seq, failed.event_id, failed.event_type, failed.schema_version, failed.producer, failed.tenant_id,
    failed.ordering_key, failed.key_id, failed.signature, failed.body
from sguild_dispatcher.failed_delivery as failed
where failed.subscription_id = $1 and failed.state = 'retrying' and failed.next_attempt_at <= $2
order by failed.next_attempt_at, failed.seq
limit 1
for update skip locked;
