-- The dead letters that a filter means, those of one subscriber together and in the order of the log.
-- $1 ids, $2 domain, $3 name, $4 event type, $5 reason, $6 failed since, $7 beginning of the detail, $8 limit; a null
-- does not restrict
select failed.id
from sguild_dispatcher.failed_delivery as failed
join sguild_dispatcher.subscription as subscription on subscription.id = failed.subscription_id
where failed.state = 'dead'
    and ($1::bigint[] is null or failed.id = any ($1::bigint[]))
    and ($2::text is null or subscription.domain = $2)
    and ($3::text is null or subscription.name = $3)
    and ($4::text is null or failed.event_type = $4)
    and ($5::text is null or failed.reason = $5)
    and ($6::timestamptz is null or failed.last_failed_at >= $6)
    and ($7::text is null or pg_catalog.starts_with(failed.detail, $7))
order by failed.subscription_id, failed.log, failed.seq
limit $8;
