-- Whether the database is still in the cluster whose transaction ids its newest generation counts.
select newest.system_identifier = control.system_identifier as current
from pg_catalog.pg_control_system() as control
cross join lateral (
    select generation.system_identifier from sguild_dispatcher.generation as generation
    order by generation.generation desc
    limit 1
) as newest;
