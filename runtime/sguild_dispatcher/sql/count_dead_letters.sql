-- The parameters of list_dead_letters.sql.
select pg_catalog.count(*)
from sguild_dispatcher.failed_delivery as failed
join sguild_dispatcher.subscription as subscription on subscription.id = failed.subscription_id
where failed.state = 'dead'
    and ($1::bigint is null or failed.id = $1)
    and ($2::text is null or subscription.domain = $2)
    and ($3::text is null or subscription.name = $3)
    and ($4::text is null or failed.event_type = $4)
    and ($5::text is null or failed.reason = $5);
