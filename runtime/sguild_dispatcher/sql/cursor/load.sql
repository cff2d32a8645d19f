-- $1 subscription, $2 partition
select
    cursor.version, cursor.generation, cursor.done::text as done, cursor.window_snapshot::text as window, cursor.position,
    subscription.partitions
from sguild_dispatcher.cursor as cursor
join sguild_dispatcher.subscription as subscription on subscription.id = cursor.subscription_id
where cursor.subscription_id = $1 and cursor.partition = $2
order by cursor.version desc
limit 1;
