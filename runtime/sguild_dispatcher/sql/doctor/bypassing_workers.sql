-- Living workers that no policy stops.
select worker.process, subscription.domain || '/' || subscription.name as subscriber, worker.role
from sguild_dispatcher.worker as worker
join sguild_dispatcher.subscription as subscription on subscription.id = worker.subscription_id
join pg_catalog.pg_roles as role on role.rolname = worker.role
where worker.alive_until > pg_catalog.clock_timestamp()
    and exists (select from sguild_dispatcher.roles_installed)
    and (
        role.rolsuper or role.rolbypassrls
        or exists (
            select from pg_catalog.pg_roles as strong
            where strong.rolname = 'dispatcher_operator' and pg_catalog.pg_has_role(role.oid, strong.oid, 'usage')
        )
    )
order by 1, 2;
