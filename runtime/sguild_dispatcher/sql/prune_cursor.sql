-- $1 subscription, $2 the oldest version that is kept
delete from sguild_dispatcher.cursor as cursor
where cursor.subscription_id = $1 and cursor.version < $2;
