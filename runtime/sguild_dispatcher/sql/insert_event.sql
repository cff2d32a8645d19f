insert into sguild_dispatcher.event_log
    (event_id, event_type, schema_version, producer, tenant_id, ordering_key, key_id, signature, body,
    trace_context)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, coalesce($10, ''))
