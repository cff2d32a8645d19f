-- $1 domain, $2 name. Nothing is returned for a subscription that is active already.
insert into sguild_dispatcher.subscription as subscription (domain, name, system_identifier)
select $1, $2, control.system_identifier
from pg_catalog.pg_control_system() as control
on conflict (domain, name) do update
set retired_at = null, registered_at = pg_catalog.clock_timestamp(),
    system_identifier = excluded.system_identifier
where subscription.retired_at is not null
returning subscription.id;
