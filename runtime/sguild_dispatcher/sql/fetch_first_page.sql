-- The new events of a subscriber, first page. It is the first statement of its transaction, before that has an id:
-- so whatever the transaction itself publishes is not yet done for the snapshot that is returned here.
-- $1 subscription, $2 done, $3 ignored event types, $4 limit, $5 token of the batch, $6 now
with head as materialized (
    select
        pg_catalog.pg_current_snapshot()::text as snapshot,
        pg_catalog.set_config('sguild_dispatcher.batch', $5, true) as token,
        (select pg_catalog.max(log.seq) from sguild_dispatcher.event_log as log) as last_seq,
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
    select candidate.*
    from (
        -- offset 0 keeps the planner from walking the whole log by seq to find the newest rows.
        select log.*
        from sguild_dispatcher.event_log as log
        where (
                log.txid >= pg_catalog.pg_snapshot_xmax($2::text::pg_catalog.pg_snapshot)
                or log.txid = any (array(select pg_catalog.pg_snapshot_xip($2::text::pg_catalog.pg_snapshot)))
            )
            and log.event_type <> all ($3::text[])
        offset 0
    ) as candidate
    order by candidate.seq
    limit $4
)
select
    head.snapshot, head.last_seq, head.active, head.retries_due,
    page.seq, page.event_id, page.event_type, page.schema_version, page.producer, page.tenant_id,
    page.ordering_key, page.key_id, page.signature, page.body
from head left join page on true
order by page.seq;
