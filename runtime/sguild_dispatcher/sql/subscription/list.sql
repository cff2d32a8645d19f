-- Every subscription with what failed.
select
    subscription.id, subscription.domain, subscription.name, subscription.registered_at, subscription.first_started_at,
    subscription.paused_at, subscription.retired_at, subscription.partitions, subscription.partitions_wanted,
    subscription.ignored_types,
    (
        select newest.system_identifier from sguild_dispatcher.generation as newest
        order by newest.generation desc limit 1
    ) = control.system_identifier as same_cluster,
    failed.retrying, failed.held, failed.dead
from sguild_dispatcher.subscription as subscription
cross join pg_catalog.pg_control_system() as control
cross join lateral (
    select
        pg_catalog.count(*) filter (where delivery.state = 'retrying') as retrying,
        pg_catalog.count(*) filter (where delivery.state = 'held') as held,
        pg_catalog.count(*) filter (where delivery.state = 'dead') as dead
    from sguild_dispatcher.failed_delivery as delivery
    where delivery.subscription_id = subscription.id
) as failed
order by subscription.domain, subscription.name;
