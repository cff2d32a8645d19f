-- $1 from, $2 to
delete from sguild_dispatcher.event_log_default as log where log.created_at >= $1 and log.created_at < $2;
