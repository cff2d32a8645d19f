-- A delivery that failed: the event is copied from the log. A row that is there already (the subscription was
-- registered again, from the beginning) starts anew.
-- $1 subscription, $2 seq, $3 state, $4 reason, $5 detail, $6 attempts, $7 next attempt
insert into sguild_dispatcher.failed_delivery (
    subscription_id, state, seq, event_id, event_type, schema_version, producer, tenant_id, ordering_key,
    key_id, signature, body, reason, detail, attempts, next_attempt_at
)
select
    $1, $3, log.seq, log.event_id, log.event_type, log.schema_version, log.producer, log.tenant_id, log.ordering_key,
    log.key_id, log.signature, log.body, $4, $5, $6, $7
from sguild_dispatcher.event_log as log
where log.seq = $2
on conflict (subscription_id, seq) do update
set state = excluded.state, reason = excluded.reason, detail = excluded.detail, attempts = excluded.attempts,
    next_attempt_at = excluded.next_attempt_at, last_failed_at = excluded.last_failed_at;
