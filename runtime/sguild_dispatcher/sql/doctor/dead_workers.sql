-- Workers that died, where others go on.
select worker.process, subscription.domain || '/' || subscription.name as subscriber, worker.alive_until as since
from sguild_dispatcher.worker as worker
join sguild_dispatcher.subscription as subscription on subscription.id = worker.subscription_id
where worker.alive_until < pg_catalog.clock_timestamp()
    and exists (
        select from sguild_dispatcher.worker as other
        where other.subscription_id = worker.subscription_id
            and other.alive_until > pg_catalog.clock_timestamp()
    )
order by 2, 1;
