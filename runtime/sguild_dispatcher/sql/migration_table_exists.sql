select pg_catalog.to_regclass('sguild_dispatcher.migration') is not null as migrated;
