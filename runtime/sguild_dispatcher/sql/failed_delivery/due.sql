-- The most overdue retry; those that were replayed together come in the order of the log. Where later events of a
-- failed key are held back, an event waits until no earlier one of its key is left.
-- $1 subscription, $2 log, $3 buckets (null: all), $4 now, $5 whether later events are held back
select
    failed.id, failed.state, failed.attempts, failed.replays,
    failed.seq, failed.event_id, failed.event_type, failed.schema_version, failed.producer, failed.tenant_id,
    failed.ordering_key, failed.key_id, failed.signature, failed.trace_context, failed.body
from sguild_dispatcher.failed_delivery as failed
where failed.subscription_id = $1
    and failed.log = $2
    and ($3::smallint[] is null or failed.bucket = any ($3::smallint[]))
    and (failed.state = 'retrying' and failed.next_attempt_at <= $4 or failed.state = 'held')
    and not (
        ($5 or failed.state = 'held') and exists (
            select from sguild_dispatcher.failed_delivery as earlier
            where earlier.subscription_id = failed.subscription_id
                and earlier.ordering_key = failed.ordering_key
                and earlier.log = failed.log
                and earlier.seq < failed.seq
        )
    )
    and exists (
        select from sguild_dispatcher.subscription as subscription
        where subscription.id = $1 and subscription.paused_at is null
    )
order by failed.next_attempt_at nulls first, failed.seq
limit 1
for update of failed skip locked;
