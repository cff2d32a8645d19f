-- The slowest handler of each subscription, by the last hour in which it was called.
select distinct on (time.subscription_id)
    time.subscription_id, time.event_type, time.hour, time.calls, time.seconds, time.slowest
from sguild_dispatcher.handler_time as time
order by time.subscription_id, time.slowest desc;
