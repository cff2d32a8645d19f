-- $1 days, $2 limit
with gone as (
    delete from sguild_dispatcher.audit_entry as entry
    where entry.id = any (array(
        select old.id
        from sguild_dispatcher.audit_entry as old
        where old.acted_at < pg_catalog.now() - pg_catalog.make_interval(days => $1)
        order by old.id
        limit $2
    ))
    returning 1
)
select pg_catalog.count(*) from gone;
