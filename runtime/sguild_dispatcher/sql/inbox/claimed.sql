-- Which of these events were claimed.
-- $1 subscription, $2 producers, $3 event ids
select inbox.producer, inbox.event_id
from sguild_dispatcher.inbox as inbox
join rows from (pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[])) as event (producer, event_id)
    on inbox.producer = event.producer and inbox.event_id = event.event_id
where inbox.subscription_id = $1;
