-- $1 subscription, $2 partition, $3 the oldest version that is kept
delete from sguild_dispatcher.cursor as cursor
where cursor.subscription_id = $1 and cursor.partition = $2 and cursor.version < $3;
