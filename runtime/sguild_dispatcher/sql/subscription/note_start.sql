-- $1 subscription, $2 the registered event types that its worker does not read, $3 those that it does. Nothing is
-- written twice.
update sguild_dispatcher.subscription as subscription
set ignored_types = $2, read_types = $3,
    first_started_at = coalesce(subscription.first_started_at, pg_catalog.clock_timestamp())
where subscription.id = $1
    and (subscription.first_started_at is null or subscription.ignored_types <> $2 or subscription.read_types <> $3);
