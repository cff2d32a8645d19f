-- One process at a time takes partitions of a subscription: two that begin at once would not see each other. The key is
-- the text "sgow" in hexadecimal. A process that is stopped while it has the lock would stop all others; the server ends
-- its session after the lease.
-- $1 subscription, $2 seconds
select
    pg_catalog.pg_advisory_xact_lock(x'73676f77'::integer, pg_catalog.hashint8($1)),
    pg_catalog.set_config(
        'idle_in_transaction_session_timeout', greatest($2::double precision * 1000, 100)::integer::text, true
    );
