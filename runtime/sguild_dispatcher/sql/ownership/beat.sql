-- Says that a process is alive, and takes part of what nobody owns: as many partitions as there are for each process.
-- One that owns more than its part is told so, and gives the rest away when its batch is done.
-- $1 subscription, $2 worker, $3 process, $4 seconds
with me as (
    insert into sguild_dispatcher.worker as worker (subscription_id, domain, id, process, alive_until)
    select
        subscription.id, subscription.domain, $2, $3,
        pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => $4)
    from sguild_dispatcher.subscription as subscription
    where subscription.id = $1
    on conflict (subscription_id, id, domain) do update set alive_until = excluded.alive_until
    returning worker.id
),
alive as materialized (
    select worker.id from sguild_dispatcher.worker as worker
    where worker.subscription_id = $1 and worker.alive_until > pg_catalog.clock_timestamp()
    union
    select me.id from me
),
owned as materialized (
    select owner.partition, owner.worker_id
    from sguild_dispatcher.partition_owner as owner
    join alive on alive.id = owner.worker_id
    where owner.subscription_id = $1
),
share as materialized (
    select
        subscription.partitions,
        pg_catalog.ceil(subscription.partitions / (select pg_catalog.count(*) from alive)::numeric)::integer as part,
        (select pg_catalog.count(*) from owned where owned.worker_id = $2)::integer as mine
    from sguild_dispatcher.subscription as subscription
    where subscription.id = $1
),
taken as (
    insert into sguild_dispatcher.partition_owner as owner (subscription_id, domain, partition, worker_id)
    select $1, subscription.domain, free.partition, $2
    from sguild_dispatcher.subscription as subscription
    cross join lateral (
        select partition
        from share cross join pg_catalog.generate_series(0, share.partitions - 1) as partition
        where partition not in (select owned.partition from owned)
        order by partition
        limit (select greatest(share.part - share.mine, 0) from share)
    ) as free
    where subscription.id = $1
    on conflict (subscription_id, partition, domain) do update
    set worker_id = excluded.worker_id, owned_since = pg_catalog.clock_timestamp()
    where owner.worker_id not in (select alive.id from alive)
    returning owner.partition
)
select
    share.partitions, share.part,
    array(
        select owned.partition from owned where owned.worker_id = $2
        union
        select taken.partition from taken
        order by 1
    ) as owned
from share;
