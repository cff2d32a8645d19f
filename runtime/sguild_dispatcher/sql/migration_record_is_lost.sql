-- Whether the schema has tables of which nothing says where they came from.
select
    pg_catalog.to_regclass('sguild_dispatcher.migration') is null
    and exists (
        select from pg_catalog.pg_class as relation
        join pg_catalog.pg_namespace as place on place.oid = relation.relnamespace
        where place.nspname = 'sguild_dispatcher' and relation.relkind in ('r', 'p')
    ) as lost;
