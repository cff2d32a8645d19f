-- The roles that are installed; no row where none are.
select
    installed.registry_version, installed.registry_hash,
    array(select own.role::text from sguild_dispatcher.domain_role as own order by own.role) as roles
from sguild_dispatcher.roles_installed as installed;
