-- Gives partitions away.
-- $1 subscription, $2 worker, $3 partitions (null: all)
delete from sguild_dispatcher.partition_owner as owner
where owner.subscription_id = $1 and owner.worker_id = $2
    and ($3::smallint[] is null or owner.partition = any ($3::smallint[]));
