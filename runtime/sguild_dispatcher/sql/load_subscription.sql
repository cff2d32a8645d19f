select
    subscription.id, subscription.retired_at, subscription.ignored_types,
    subscription.system_identifier = control.system_identifier as same_cluster
from sguild_dispatcher.subscription as subscription
cross join pg_catalog.pg_control_system() as control
where subscription.domain = $1 and subscription.name = $2;
