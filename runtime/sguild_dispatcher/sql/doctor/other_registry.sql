-- $1 hash and $2 version of the registry that the command has at hand
select installed.registry_version as installed, $2::text as present
from sguild_dispatcher.roles_installed as installed
where installed.registry_hash <> $1;
