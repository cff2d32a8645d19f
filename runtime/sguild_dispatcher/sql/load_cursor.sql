select
    cursor.version, cursor.done::text as done, cursor.window_snapshot::text as window, cursor.position
from sguild_dispatcher.cursor as cursor
where cursor.subscription_id = $1
order by cursor.version desc
limit 1;
