-- A further page of a frozen window. The rules of first_page.sql hold here too.
-- The upper end of seq keeps the planner from reading all that waits for each page: without statistics, as on a day
-- that has just begun, it takes little of the log to be new.
-- $1 subscription, $2 generation, $3 done, $4 buckets (null: all), $5 ignored event types, $6 limit,
-- $7 token of the batch, $8 partition, $9 version of its cursor, $10 window, $11 position, $12 the last seq that is looked at
with head as materialized (
    select
        $10::text as snapshot,
        $10::text = '9223372036854775807:9223372036854775807:' as restored,
        pg_catalog.set_config('sguild_dispatcher.batch', $7, true) as token,
        null::bigint as last_seq,
        null::text as session,
        subscription.retired_at is null and (
            select pg_catalog.max(cursor.version) from sguild_dispatcher.cursor as cursor
            where cursor.subscription_id = $1 and cursor.partition = $8
        ) = $9 as in_place,
        subscription.paused_at is null as flowing,
        exists (
            select from sguild_dispatcher.failed_delivery as failed where failed.subscription_id = $1
        ) as failures
    from sguild_dispatcher.subscription as subscription
    where subscription.id = $1
),
page as (
    select log.*
    from sguild_dispatcher.event_log as log
    where log.seq > $11
        and log.seq <= $12
        and (
            log.txid >= pg_catalog.pg_snapshot_xmax($3::text::pg_catalog.pg_snapshot)
            or log.txid = any (array(select pg_catalog.pg_snapshot_xip($3::text::pg_catalog.pg_snapshot)))
        )
        and pg_catalog.pg_visible_in_snapshot(log.txid, $10::text::pg_catalog.pg_snapshot)
        and ($4::smallint[] is null or log.bucket = any ($4::smallint[]))
        and log.generation = $2
        and log.event_type <> all ($5::text[])
        and (select head.flowing from head)
    order by log.seq
    limit $6
)
select
    head.snapshot, head.restored, head.last_seq, head.session, head.in_place, head.flowing, head.failures,
    page.seq, page.event_id, page.event_type, page.schema_version, page.producer, page.tenant_id,
    page.ordering_key, page.key_id, page.signature, nullif(page.trace_context, '') as trace_context, page.body
from head full join page on false
order by page.seq nulls first;
