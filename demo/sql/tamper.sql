-- What an intruder with write access to the database might do: 2 credits become 900.
update sguild_dispatcher.event_log
set body = pg_catalog.replace(body, '"reserved_credits":2', '"reserved_credits":900')
where event_type = 'credit.reserved' and ordering_key = $1;
