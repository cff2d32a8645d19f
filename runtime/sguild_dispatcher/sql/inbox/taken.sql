-- Which of these events were claimed, or failed and are kept for another attempt.
-- $1 subscription, $2 producers, $3 event ids, $4 log
with event as (
    select * from rows from (pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[])) as event (producer, event_id)
)
select inbox.producer, inbox.event_id
from sguild_dispatcher.inbox as inbox
join event on inbox.producer = event.producer and inbox.event_id = event.event_id
where inbox.subscription_id = $1
union
select failed.producer, failed.event_id
from sguild_dispatcher.failed_delivery as failed
join event on failed.producer = event.producer and failed.event_id = event.event_id
where failed.subscription_id = $1 and failed.log = $4;
