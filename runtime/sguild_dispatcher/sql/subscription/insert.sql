-- $1 domain, $2 name, $3 partitions. Nothing is returned for a subscription that is active already.
insert into sguild_dispatcher.subscription as subscription (domain, name, partitions)
values ($1, $2, $3)
on conflict (domain, name) do update
set retired_at = null, paused_at = null, partitions = excluded.partitions, partitions_wanted = null,
    registered_at = pg_catalog.clock_timestamp()
where subscription.retired_at is not null
returning subscription.id;
