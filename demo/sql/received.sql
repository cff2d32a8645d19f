select domain, event_type, pg_catalog.count(*) as events
from demo.effect
group by domain, event_type
order by domain, event_type;
