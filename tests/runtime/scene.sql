-- Revenue and sales have one of everything, and the log has events that each may or may not read.
do $$
declare
    identifier bigint;
    each record;
begin
    for each in
        select * from (values
            ('credit.locked', 'revenue', now()), ('person.updated', 'platform', now()),
            ('reservation.funded', 'revenue', now()), ('lead.created', 'sales', now()),
            ('credit.locked', 'revenue', timestamptz '2000-01-01')
        ) as event (event_type, producer, created_at)
    loop
        insert into sguild_dispatcher.event_log
            (created_at, event_id, event_type, schema_version, producer, tenant_id, ordering_key, key_id, signature, body)
        values (each.created_at, gen_random_uuid(), each.event_type, 1, each.producer, 't', 'k', 'key', 'sig', '{}');
    end loop;

    for each in
        select * from (values
            ('revenue', 'platform', 'person.updated'), ('sales', 'revenue', 'credit.locked')
        ) as reader (domain, producer, event_type)
    loop
        insert into sguild_dispatcher.subscription (domain, name) values (each.domain, 'one') returning id into identifier;
        insert into sguild_dispatcher.cursor (subscription_id, domain, partition, version, generation, done)
        values (identifier, each.domain, 0, 1, 1, '3:3:');
        insert into sguild_dispatcher.worker (subscription_id, domain, id, process, alive_until)
        values (identifier, each.domain, gen_random_uuid(), 'host:1', now());
        insert into sguild_dispatcher.partition_owner (subscription_id, domain, partition, worker_id)
        values (identifier, each.domain, 0, gen_random_uuid());
        insert into sguild_dispatcher.inbox (subscription_id, domain, producer, event_id)
        values (identifier, each.domain, each.producer, 'done');
        insert into sguild_dispatcher.failed_delivery (
            subscription_id, domain, log, state, seq, event_id, event_type, schema_version, producer, tenant_id,
            ordering_key, key_id, signature, body, reason, detail, attempts
        )
        values (
            identifier, each.domain, '', 'dead', 1, 'e', each.event_type, 1, each.producer, 't', 'k', 'key', 'sig', '{}',
            'handler_failed', '', 1
        );
        insert into sguild_dispatcher.audit_entry (action, domain, actor, reason)
        values ('replay', each.domain, 'somebody', '');
        insert into sguild_dispatcher.audit_event
            (entry_id, entry_domain, subscription_id, domain, log, seq, event_id, event_type)
        select max(entry.id), each.domain, identifier, each.domain, '', 1, 'e', each.event_type
        from sguild_dispatcher.audit_entry as entry;
    end loop;
end
$$;
analyze;
