-- The events that an entry concerned one by one, in the order of their logs.
-- $1 entry, $2 limit (null: none)
select
    subscription.domain, subscription.name, event.log, event.seq, event.event_id, event.event_type
from sguild_dispatcher.audit_event as event
join sguild_dispatcher.subscription as subscription on subscription.id = event.subscription_id
where event.entry_id = $1
order by event.log, event.seq, subscription.domain, subscription.name
limit $2;
