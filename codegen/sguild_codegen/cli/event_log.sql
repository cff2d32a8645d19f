-- The newest events of one version of an event type.
-- $1 event type, $2 version of the payload, $3 limit
select log.event_id, log.body
from sguild_dispatcher.event_log as log
where log.event_type = $1 and log.schema_version = $2
order by log.seq desc
limit $3
