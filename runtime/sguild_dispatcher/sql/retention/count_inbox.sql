-- See delete_inbox.sql.
-- $1 days
select pg_catalog.count(*)
from sguild_dispatcher.subscription as subscription
join sguild_dispatcher.inbox as inbox on inbox.subscription_id = subscription.id
where inbox.done_at < least(
    case when subscription.retired_at < pg_catalog.now() - pg_catalog.make_interval(days => $1)
        then 'infinity'
        else (
            select pg_catalog.max(last.done_at) - pg_catalog.make_interval(days => $1)
            from sguild_dispatcher.inbox as last
            where last.subscription_id = subscription.id
        )
    end,
    (select log.created_at from sguild_dispatcher.event_log as log order by log.seq limit 1)
);
