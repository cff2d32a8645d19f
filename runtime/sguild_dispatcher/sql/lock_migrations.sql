-- One process migrates at a time. The key is the text "sguild" in hexadecimal.
select pg_catalog.pg_try_advisory_xact_lock(x'736775696c64'::bigint) as locked;
