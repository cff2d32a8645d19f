-- $1 domain, $2 name
select
    subscription.id, subscription.domain, subscription.retired_at, subscription.paused_at, subscription.partitions,
    subscription.partitions_wanted, subscription.ignored_types,
    (
        select newest.system_identifier from sguild_dispatcher.generation as newest
        order by newest.generation desc limit 1
    ) = control.system_identifier as same_cluster
from sguild_dispatcher.subscription as subscription
cross join pg_catalog.pg_control_system() as control
where subscription.domain = $1 and subscription.name = $2;
