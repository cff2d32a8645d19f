-- Nothing is created where it exists, so that a role that may only read can ask whether anything is left to do.
do $$
begin
    if pg_catalog.to_regclass('sguild_dispatcher.migration') is null then
        create schema if not exists sguild_dispatcher;
        create table sguild_dispatcher.migration (
            version     integer primary key,
            name        text not null,
            checksum    text not null,
            applied_at  timestamptz not null default pg_catalog.clock_timestamp()
        );
        comment on table sguild_dispatcher.migration is 'The numbered SQL files that were applied.';
    end if;
end
$$;
