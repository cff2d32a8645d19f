select pg_catalog.sum(late.events)::bigint as events, pg_catalog.min(late.day) as since
from sguild_dispatcher.days_in_default() as late
having pg_catalog.count(*) > 0;
