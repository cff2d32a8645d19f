-- $1 channel. The payload is empty: a wake-up is a hint that anyone may send.
select pg_catalog.pg_notify($1, '');
