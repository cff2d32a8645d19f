-- Whether no policy hides rows from this login.
select
    current_user as login,
    not exists (select from sguild_dispatcher.roles_installed)
    or exists (
        select from pg_catalog.pg_roles as self
        where self.rolname = current_user and (self.rolsuper or self.rolbypassrls)
    )
    or exists (
        select from pg_catalog.pg_roles as operator
        where operator.rolname = 'dispatcher_operator' and pg_catalog.pg_has_role(current_user, operator.oid, 'usage')
    ) as sees_all;
