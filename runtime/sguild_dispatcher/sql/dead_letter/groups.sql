-- Dead letters that failed alike. Of what a handler said, only the class of its exception is shown: see shown_detail in
-- retries.py.
-- $1 ids, $2 reasons whose detail a handler wrote
with letter as (
    select
        failed.id, failed.subscription_id, failed.event_type, failed.reason, failed.last_failed_at,
        failed.first_failed_at, failed.log, failed.ordering_key,
        case
            when failed.reason = any ($2::text[]) then pg_catalog.split_part(failed.detail, ':', 1)
            else failed.detail
        end as error
    from sguild_dispatcher.failed_delivery as failed
    where failed.state = 'dead' and failed.id = any ($1::bigint[])
)
select
    subscription.domain, subscription.name, letter.event_type, letter.reason, letter.error,
    pg_catalog.count(*) as count,
    pg_catalog.min(letter.first_failed_at) as first_failed_at,
    pg_catalog.max(letter.last_failed_at) as last_failed_at
from letter
join sguild_dispatcher.subscription as subscription on subscription.id = letter.subscription_id
group by subscription.domain, subscription.name, letter.event_type, letter.reason, letter.error
order by count desc, subscription.domain, subscription.name, letter.event_type, letter.reason, letter.error;
