-- $1 subscription, $2 whether to start at the beginning. No transaction id is below 3.
insert into sguild_dispatcher.cursor (subscription_id, version, done)
select
    $1,
    coalesce(pg_catalog.max(cursor.version), 0) + 1,
    case when $2 then '3:3:'::pg_catalog.pg_snapshot else pg_catalog.pg_current_snapshot() end
from sguild_dispatcher.cursor as cursor
where cursor.subscription_id = $1;
