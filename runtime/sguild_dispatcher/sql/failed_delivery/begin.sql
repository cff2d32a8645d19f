-- An attempt that no transaction spans: it counts before it begins, so that one that never ends is not endless.
-- $1 id, $2 attempts, $3 next attempt
update sguild_dispatcher.failed_delivery as failed
set state = 'retrying', attempts = $2, next_attempt_at = $3
where failed.id = $1;
