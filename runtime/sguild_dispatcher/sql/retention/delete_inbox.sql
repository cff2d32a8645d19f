-- Inbox rows that nothing is delivered again for: older than the log here, and than the logs of producers elsewhere,
-- which are kept for fewer days. The days are counted back from the subscription's last row and not from today, because
-- one that stood still for long may have to do its last batch again; of one that was retired as long ago, nothing is kept.
-- $1 days, $2 limit
with gone as (
    delete from sguild_dispatcher.inbox as inbox
    where inbox.ctid = any (array(
        select old.ctid
        from sguild_dispatcher.subscription as subscription
        join sguild_dispatcher.inbox as old on old.subscription_id = subscription.id
        where old.done_at < least(
            case when subscription.retired_at < pg_catalog.now() - pg_catalog.make_interval(days => $1)
                then 'infinity'
                else (
                    select pg_catalog.max(last.done_at) - pg_catalog.make_interval(days => $1)
                    from sguild_dispatcher.inbox as last
                    where last.subscription_id = subscription.id
                )
            end,
            (select log.created_at from sguild_dispatcher.event_log as log order by log.seq limit 1)
        )
        limit $2
    ))
    returning 1
)
select pg_catalog.count(*) from gone;
