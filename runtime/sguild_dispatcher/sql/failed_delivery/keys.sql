-- Which of these ordering keys have an event that failed.
-- $1 subscription, $2 log, $3 keys
select distinct failed.ordering_key
from sguild_dispatcher.failed_delivery as failed
where failed.subscription_id = $1 and failed.log = $2 and failed.ordering_key = any ($3::text[]);
