-- Whose dead letters they are.
-- $1 ids
select distinct subscription.domain, subscription.name
from sguild_dispatcher.failed_delivery as failed
join sguild_dispatcher.subscription as subscription on subscription.id = failed.subscription_id
where failed.id = any ($1::bigint[])
order by subscription.domain, subscription.name;
