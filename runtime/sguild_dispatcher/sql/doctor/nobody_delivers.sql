-- Subscriptions whose workers all died, or never said goodbye, and that nobody took over.
select subscription.domain || '/' || subscription.name as subscriber, pg_catalog.max(worker.alive_until) as since
from sguild_dispatcher.worker as worker
join sguild_dispatcher.subscription as subscription on subscription.id = worker.subscription_id
where subscription.retired_at is null
group by subscription.domain, subscription.name
having pg_catalog.max(worker.alive_until) < pg_catalog.clock_timestamp()
order by 1;
