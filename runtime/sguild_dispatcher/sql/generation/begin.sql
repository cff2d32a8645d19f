-- The database is in another cluster than it was. After an upgrade of the cluster the transaction ids go on, and
-- nothing else changes. After a restore they mean nothing any more: what was restored is of the former generation,
-- which each cursor finishes before it begins with the new one. What was published since, before anybody noticed,
-- is told apart by its row: the transaction that wrote it is the one that it names. (A restored row can name the
-- transaction of the restore by accident, but then others that the same transaction wrote do not.)
do $$
declare
    former smallint;
    carried_over boolean;
begin
    lock table sguild_dispatcher.event_log in access exclusive mode;
    select pg_catalog.max(generation.generation) into former from sguild_dispatcher.generation as generation;
    create temporary table restored on commit drop as
        select distinct log.xmin::text::bigint as writer
        from sguild_dispatcher.event_log as log
        where log.generation = former
            and log.xmin::text::bigint <> (log.txid::text::numeric % 4294967296)::bigint
        union
        select generation.xmin::text::bigint
        from sguild_dispatcher.generation as generation
        where generation.xmin::text::bigint <> (generation.txid::text::numeric % 4294967296)::bigint
        union
        select 0
        from sguild_dispatcher.cursor as cursor
        where pg_catalog.pg_snapshot_xmax(cursor.done) > pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot());
    carried_over := not exists (select from restored);
    if carried_over then
        update sguild_dispatcher.generation as generation
        set system_identifier = control.system_identifier
        from pg_catalog.pg_control_system() as control
        where generation.generation = former;
    else
        update sguild_dispatcher.event_log as log
        set generation = former + 1
        where log.generation = former
            and log.xmin::text::bigint = (log.txid::text::numeric % 4294967296)::bigint
            and log.xmin::text::bigint not in (select restored.writer from restored);
        execute pg_catalog.format(
            'alter table sguild_dispatcher.event_log alter column generation set default %s', former + 1
        );
        insert into sguild_dispatcher.generation (generation, system_identifier)
        select former + 1, control.system_identifier from pg_catalog.pg_control_system() as control;
    end if;
end
$$;
