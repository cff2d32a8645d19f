-- Claims events, and returns those that nobody claimed before.
-- $1 subscription, $2 producers, $3 event ids
insert into sguild_dispatcher.inbox (subscription_id, domain, producer, event_id)
select subscription.id, subscription.domain, event.producer, event.event_id
from sguild_dispatcher.subscription as subscription
cross join rows from (pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[])) as event (producer, event_id)
where subscription.id = $1
on conflict do nothing
returning producer, event_id;
