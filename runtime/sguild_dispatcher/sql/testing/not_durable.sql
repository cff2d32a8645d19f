alter system set fsync = off;
alter system set synchronous_commit = off;
alter system set full_page_writes = off;
select pg_catalog.pg_reload_conf();
