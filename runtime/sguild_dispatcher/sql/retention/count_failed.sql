-- See delete_failed.sql.
-- $1 days of the log, $2 days of dead letters
select pg_catalog.count(*)
from sguild_dispatcher.failed_delivery as failed
join sguild_dispatcher.subscription as subscription on subscription.id = failed.subscription_id
where failed.state = 'dead' and failed.last_failed_at < pg_catalog.now() - pg_catalog.make_interval(days => $2)
    or subscription.retired_at < pg_catalog.now() - pg_catalog.make_interval(days => $1);
