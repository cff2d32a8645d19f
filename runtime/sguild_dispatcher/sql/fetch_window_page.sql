-- A further page of a frozen window. The rules of fetch_first_page.sql hold here too.
-- $1 subscription, $2 done, $3 ignored event types, $4 limit, $5 token of the batch, $6 now, $7 window, $8 position
with head as materialized (
    select
        pg_catalog.pg_current_snapshot()::text as snapshot,
        pg_catalog.set_config('sguild_dispatcher.batch', $5, true) as token,
        null::bigint as last_seq,
        exists (
            select from sguild_dispatcher.subscription as subscription
            where subscription.id = $1 and subscription.retired_at is null
        ) as active,
        exists (
            select from sguild_dispatcher.failed_delivery as failed
            where failed.subscription_id = $1 and failed.state = 'retrying' and failed.next_attempt_at <= $6
        ) as retries_due
),
page as (
    select log.*
    from sguild_dispatcher.event_log as log
    where log.seq > $8
        and (
            log.txid >= pg_catalog.pg_snapshot_xmax($2::text::pg_catalog.pg_snapshot)
            or log.txid = any (array(select pg_catalog.pg_snapshot_xip($2::text::pg_catalog.pg_snapshot)))
        )
        and pg_catalog.pg_visible_in_snapshot(log.txid, $7::text::pg_catalog.pg_snapshot)
        and log.event_type <> all ($3::text[])
    order by log.seq
    limit $4
)
select
    head.snapshot, head.last_seq, head.active, head.retries_due,
    page.seq, page.event_id, page.event_type, page.schema_version, page.producer, page.tenant_id,
    page.ordering_key, page.key_id, page.signature, page.body
from head left join page on true
order by page.seq;
