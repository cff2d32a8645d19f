-- The log on disk. The span of seq is known by two look-ups, where counting would read everything.
select
    (
        select coalesce(pg_catalog.sum(pg_catalog.pg_total_relation_size(tree.relid)), 0)::bigint
        from pg_catalog.pg_partition_tree('sguild_dispatcher.event_log') as tree
    ) as bytes,
    coalesce(pg_catalog.max(log.seq) - pg_catalog.min(log.seq) + 1, 0) as rows_at_most,
    (pg_catalog.now() at time zone 'UTC')::date as today
from sguild_dispatcher.event_log as log;
