-- A process that is stopped in the middle of a transaction keeps its locks until the server ends its session. A shorter
-- limit that somebody else has set stays.
-- $1 seconds, $2 transaction or session: for which of them
select pg_catalog.set_config(
    'idle_in_transaction_session_timeout',
    pg_catalog.ceil(least($1::double precision, 2000000) * 1000)::integer::text,
    $2::text = 'transaction'
)
where not pg_catalog.current_setting('idle_in_transaction_session_timeout')::interval
    between interval '1 millisecond' and pg_catalog.make_interval(secs => $1::double precision);
