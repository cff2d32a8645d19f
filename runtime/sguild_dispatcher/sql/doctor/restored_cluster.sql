select newest.generation
from (
    select generation.generation, generation.system_identifier
    from sguild_dispatcher.generation as generation
    order by generation.generation desc
    limit 1
) as newest
cross join pg_catalog.pg_control_system() as control
where newest.system_identifier <> control.system_identifier;
