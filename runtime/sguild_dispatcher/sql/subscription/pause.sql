-- $1 domain, $2 name. Nothing is returned for a subscription that is paused already, or not active.
update sguild_dispatcher.subscription as subscription
set paused_at = pg_catalog.clock_timestamp()
where subscription.domain = $1 and subscription.name = $2
    and subscription.retired_at is null and subscription.paused_at is null
returning subscription.id;
