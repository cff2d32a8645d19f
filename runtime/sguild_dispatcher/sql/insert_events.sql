-- Several events in one statement, in the order in which they are listed.
-- $1 a JSON array with an array for each event: the parameters of insert_event.sql. A body is a string in it, and so
-- stays as it is. It comes as text, since applications register encoders of their own for JSON; arrays by position
-- are read a quarter faster than records by name.
insert into sguild_dispatcher.event_log
    (event_id, event_type, schema_version, producer, tenant_id, ordering_key, key_id, signature, body,
    trace_context)
select
    event.row ->> 0, event.row ->> 1, (event.row ->> 2)::integer, event.row ->> 3, event.row ->> 4, event.row ->> 5,
    event.row ->> 6, event.row ->> 7, event.row ->> 8, coalesce(event.row ->> 9, '')
from pg_catalog.jsonb_array_elements($1::text::jsonb) with ordinality as event (row, place)
order by event.place
