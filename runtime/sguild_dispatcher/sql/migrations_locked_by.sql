-- The process that migrates this database; the key in two halves, as pg_locks has it.
select held.pid
from pg_catalog.pg_locks as held
where held.locktype = 'advisory' and held.granted and held.objsubid = 1
    and held.classid = x'7367'::bigint::oid and held.objid = x'75696c64'::bigint::oid
    and held.database = (
        select this.oid from pg_catalog.pg_database as this where this.datname = pg_catalog.current_database()
    )
limit 1;
