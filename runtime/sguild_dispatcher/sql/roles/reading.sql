-- What the installed roles say of a domain, and whether this login has its role; no row where none are installed.
-- $1 domain, $2 the event types that its worker means to read
select
    installed.registry_version,
    own.role,
    current_user as login,
    array(
        select wanted.event_type
        from pg_catalog.unnest($2::text[]) as wanted (event_type)
        where own.subscribes is null or wanted.event_type <> all (own.subscribes)
        order by wanted.event_type
    ) as hidden,
    exists (
        select from pg_catalog.pg_roles as granted
        where granted.rolname in (own.role, 'dispatcher_operator')
            and pg_catalog.pg_has_role(current_user, granted.oid, 'usage')
    ) or exists (
        select from pg_catalog.pg_roles as self
        where self.rolname = current_user and (self.rolsuper or self.rolbypassrls)
    ) as has_role
from sguild_dispatcher.roles_installed as installed
left join sguild_dispatcher.domain_role as own on own.domain = $1;
