-- A delivery that failed. A row that is there already (the subscription was registered again, from the beginning)
-- starts anew.
-- $1 subscription, $2 log, $3 state, $4 reason, $5 detail, $6 attempts, $7 next attempt, $8 the event's columns
insert into sguild_dispatcher.failed_delivery (
    subscription_id, domain, log, state, seq, event_id, event_type, schema_version, producer, tenant_id, ordering_key,
    key_id, signature, trace_context, body, reason, detail, attempts, next_attempt_at
)
select
    subscription.id, subscription.domain, $2, $3, event.seq, event.event_id, event.event_type, event.schema_version,
    event.producer, event.tenant_id, event.ordering_key, event.key_id, event.signature, event.trace_context, event.body,
    $4, $5, $6, $7
from sguild_dispatcher.subscription as subscription
cross join pg_catalog.json_to_record($8::text::json) as event (
    seq bigint, event_id text, event_type text, schema_version integer, producer text, tenant_id text,
    ordering_key text, key_id text, signature text, trace_context text, body text
)
where subscription.id = $1
on conflict (subscription_id, log, seq, domain) do update
set state = excluded.state, reason = excluded.reason, detail = excluded.detail, attempts = excluded.attempts,
    next_attempt_at = excluded.next_attempt_at, last_failed_at = excluded.last_failed_at;
