-- $1 subscription, $2 worker; those that died long ago go, too
delete from sguild_dispatcher.worker as worker
where worker.subscription_id = $1
    and (worker.id = $2 or worker.alive_until < pg_catalog.clock_timestamp() - interval '1 day');
