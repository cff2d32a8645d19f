-- Claims one event in a transaction of a handler's own, and tells whether the database is that of the subscription at
-- all, and whether nobody claimed the event before.
-- $1 subscription, $2 when it was registered, $3 producer, $4 event id
with own as (
    select subscription.id, subscription.domain
    from sguild_dispatcher.subscription as subscription
    where subscription.id = $1 and subscription.registered_at = $2
),
claimed as (
    insert into sguild_dispatcher.inbox (subscription_id, domain, producer, event_id)
    select own.id, own.domain, $3, $4 from own
    on conflict do nothing
    returning 1
)
select exists (select from own) as is_own, exists (select from claimed) as is_new;
