-- A handler wanted no more of an event.
-- $1 subscription, $2 log, $3 seq, $4 event id, $5 event type, $6 reason
with entry as (
    insert into sguild_dispatcher.audit_entry (action, domain, name, actor, reason)
    select 'discard', subscription.domain, subscription.name, 'handler', $6
    from sguild_dispatcher.subscription as subscription
    where subscription.id = $1
    returning id, domain
)
insert into sguild_dispatcher.audit_event
    (entry_id, entry_domain, subscription_id, domain, log, seq, event_id, event_type)
select entry.id, entry.domain, $1, entry.domain, $2, $3, $4, $5 from entry;
