-- $1 moment
select log.seq from sguild_dispatcher.event_log as log where log.created_at >= $1 order by log.seq limit 1;
