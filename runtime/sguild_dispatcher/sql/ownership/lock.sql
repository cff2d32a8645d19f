-- One process at a time takes partitions of a subscription: two that begin at once would not see each other. The key is
-- the text "sgow" in hexadecimal.
-- $1 subscription
select pg_catalog.pg_advisory_xact_lock(x'73676f77'::integer, pg_catalog.hashint8($1));
