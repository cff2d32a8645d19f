select pg_catalog.count(*) as events, pg_catalog.min(log.created_at) as since
from sguild_dispatcher.event_log as log
where log.tableoid = 'sguild_dispatcher.event_log_default'::regclass
having pg_catalog.count(*) > 0;
