-- The session owns nothing any more, should a pool hand it out again.
select pg_catalog.pg_advisory_unlock_all();
