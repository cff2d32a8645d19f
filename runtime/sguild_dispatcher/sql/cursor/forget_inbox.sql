-- $1 subscription, $2 seq
with gone as (
    delete from sguild_dispatcher.inbox as inbox
    using sguild_dispatcher.event_log as log
    where log.seq >= $2
        and inbox.subscription_id = $1
        and inbox.producer = log.producer
        and inbox.event_id = log.event_id
    returning 1
)
select pg_catalog.count(*) from gone;
