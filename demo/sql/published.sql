select event_type, pg_catalog.count(*) as events
from sguild_dispatcher.event_log
group by event_type
order by event_type;
