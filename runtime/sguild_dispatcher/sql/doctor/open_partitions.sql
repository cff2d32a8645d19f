-- Partitions of the log that can be used by themselves, past the policies of the whole.
select relation.relname as name
from pg_catalog.pg_class as relation
where relation.relnamespace = 'sguild_dispatcher'::regnamespace
    and relation.relkind in ('r', 'p')
    and relation.relispartition
    and exists (select from sguild_dispatcher.roles_installed)
    and (
        not relation.relrowsecurity
        or exists (
            select from pg_catalog.aclexplode(relation.relacl) as privilege
            where privilege.grantee <> relation.relowner
        )
    )
order by relation.relname;
