update sguild_dispatcher.subscription as subscription
set retired_at = pg_catalog.clock_timestamp()
where subscription.domain = $1 and subscription.name = $2 and subscription.retired_at is null
returning subscription.id;
