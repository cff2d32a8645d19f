-- The first key is the text "sgui" in hexadecimal. The lock lives as long as the session.
select pg_catalog.pg_try_advisory_lock(x'73677569'::integer, ($1::bigint % 2147483647)::integer);
