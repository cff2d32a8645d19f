-- $1 id, $2 state, $3 reason, $4 detail, $5 attempts, $6 next attempt
update sguild_dispatcher.failed_delivery as failed
set state = $2, reason = $3, detail = $4, attempts = $5, next_attempt_at = $6,
    last_failed_at = pg_catalog.clock_timestamp()
where failed.id = $1;
