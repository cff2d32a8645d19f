-- How many events wait for a partition, and since when: what its window has left, what is visible since, what was in
-- progress then, and what was published after a restore. Each is looked up by an index, up to a limit.
-- $1 generation, $2 done, $3 window, $4 position, $5 buckets (null: all), $6 ignored event types,
-- $7 limit (null: none), $8 newest generation, $9 the seq from which on nothing is counted (null: none)
with waiting as (
    (
        select log.created_at
        from sguild_dispatcher.event_log as log
        where $3::text is not null
            and log.seq > $4
            and pg_catalog.pg_visible_in_snapshot(log.txid, $3::text::pg_catalog.pg_snapshot)
            and (
                log.txid >= pg_catalog.pg_snapshot_xmax($2::text::pg_catalog.pg_snapshot)
                or log.txid = any (array(select pg_catalog.pg_snapshot_xip($2::text::pg_catalog.pg_snapshot)))
            )
            and log.generation = $1
            and ($5::smallint[] is null or log.bucket = any ($5::smallint[]))
            and log.event_type <> all ($6::text[])
            and ($9::bigint is null or log.seq < $9)
        order by log.seq
        limit $7
    )
    union all
    (
        select log.created_at
        from sguild_dispatcher.event_log as log
        where log.txid >= pg_catalog.pg_snapshot_xmax(coalesce($3::text, $2)::pg_catalog.pg_snapshot)
            and log.generation = $1
            and ($5::smallint[] is null or log.bucket = any ($5::smallint[]))
            and log.event_type <> all ($6::text[])
            and ($9::bigint is null or log.seq < $9)
        order by log.txid
        limit $7
    )
    union all
    (
        select log.created_at
        from sguild_dispatcher.event_log as log
        where log.txid = any (
                array(select pg_catalog.pg_snapshot_xip(coalesce($3::text, $2)::pg_catalog.pg_snapshot))
            )
            and log.generation = $1
            and ($5::smallint[] is null or log.bucket = any ($5::smallint[]))
            and log.event_type <> all ($6::text[])
            and ($9::bigint is null or log.seq < $9)
        limit $7
    )
    union all
    (
        select log.created_at
        from sguild_dispatcher.event_log as log
        where $8 > $1
            and log.generation > $1
            and ($5::smallint[] is null or log.bucket = any ($5::smallint[]))
            and log.event_type <> all ($6::text[])
            and ($9::bigint is null or log.seq < $9)
        limit $7
    )
)
select
    pg_catalog.count(*) as events, pg_catalog.min(waiting.created_at) as oldest_at,
    pg_catalog.clock_timestamp() as now
from waiting;
