-- The new events of a partition, first page. It is the first statement of its transaction, before that has an id:
-- so whatever the transaction itself publishes is not yet done for the snapshot that is returned here.
-- After a restore into another cluster everything that was restored lies in one window that sees all.
-- The first row is the head, the others are events: what is the same for all of them is sent once.
-- $1 subscription, $2 generation, $3 done, $4 buckets (null: all), $5 ignored event types, $6 limit,
-- $7 token of the batch, $8 partition, $9 version of its cursor, $10 whether the newest seq of the log is wanted
with head as materialized (
    select
        case
            when exists (select from sguild_dispatcher.generation as newer where newer.generation > $2)
                then '9223372036854775807:9223372036854775807:'
            else pg_catalog.pg_current_snapshot()::text
        end as snapshot,
        exists (select from sguild_dispatcher.generation as newer where newer.generation > $2) as restored,
        pg_catalog.set_config('sguild_dispatcher.batch', $7, true) as token,
        -- The first fetch of a session gives it a name.
        pg_catalog.set_config(
            'sguild_dispatcher.session',
            coalesce(nullif(pg_catalog.current_setting('sguild_dispatcher.session', true), ''), $7),
            false
        ) as session,
        -- The newest event, be it visible to this role or not: what is hidden must not hold back retention either.
        case when $10 then (select numbers.last_value from sguild_dispatcher.event_log_seq_seq as numbers) end as last_seq,
        subscription.retired_at is null and (
            select pg_catalog.max(cursor.version) from sguild_dispatcher.cursor as cursor
            where cursor.subscription_id = $1 and cursor.partition = $8
        ) = $9 as in_place,
        subscription.paused_at is null and subscription.partitions_wanted is null as flowing,
        exists (
            select from sguild_dispatcher.failed_delivery as failed where failed.subscription_id = $1
        ) as failures
    from sguild_dispatcher.subscription as subscription
    where subscription.id = $1
),
page as (
    select candidate.*
    from (
        -- offset 0 keeps the planner from walking the whole log by seq to find the newest rows.
        select log.*
        from sguild_dispatcher.event_log as log
        where (
                log.txid >= pg_catalog.pg_snapshot_xmax($3::text::pg_catalog.pg_snapshot)
                or log.txid = any (array(select pg_catalog.pg_snapshot_xip($3::text::pg_catalog.pg_snapshot)))
            )
            and ($4::smallint[] is null or log.bucket = any ($4::smallint[]))
            and log.generation = $2
            and log.event_type <> all ($5::text[])
            and (select head.flowing from head)
        offset 0
    ) as candidate
    order by candidate.seq
    limit $6
)
select
    head.snapshot, head.restored, head.last_seq, head.session, head.in_place, head.flowing, head.failures,
    page.seq, page.event_id, page.event_type, page.schema_version, page.producer, page.tenant_id,
    page.ordering_key, page.key_id, page.signature, nullif(page.trace_context, '') as trace_context, page.body
from head full join page on false
order by page.seq nulls first;
