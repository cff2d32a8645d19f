-- What a member of the role of sales can try. A comment names each attack; blank lines stand between them.

-- forged txid
insert into sguild_dispatcher.event_log (txid, event_id, event_type, schema_version, producer,
    tenant_id, ordering_key, key_id, signature, body) values ('3', 'e', 'lead.created', 1, 'sales',
    't', 'k', 'key', 'sig', '{}')

-- forged txid of the future
insert into sguild_dispatcher.event_log (txid, event_id, event_type, schema_version, producer,
    tenant_id, ordering_key, key_id, signature, body) values ('9223372036854775807', 'e',
    'lead.created', 1, 'sales', 't', 'k', 'key', 'sig', '{}')

-- forged seq
insert into sguild_dispatcher.event_log (seq, event_id, event_type, schema_version, producer,
    tenant_id, ordering_key, key_id, signature, body) overriding system value values (1, 'e',
    'lead.created', 1, 'sales', 't', 'k', 'key', 'sig', '{}')

-- forged created_at
insert into sguild_dispatcher.event_log (created_at, event_id, event_type, schema_version, producer,
    tenant_id, ordering_key, key_id, signature, body) values (now() - interval '30 days', 'e',
    'lead.created', 1, 'sales', 't', 'k', 'key', 'sig', '{}')

-- forged generation
insert into sguild_dispatcher.event_log (generation, event_id, event_type, schema_version, producer,
    tenant_id, ordering_key, key_id, signature, body) values (2, 'e', 'lead.created', 1, 'sales',
    't', 'k', 'key', 'sig', '{}')

-- forged bucket
insert into sguild_dispatcher.event_log (bucket, event_id, event_type, schema_version, producer,
    tenant_id, ordering_key, key_id, signature, body) values (1, 'e', 'lead.created', 1, 'sales',
    't', 'k', 'key', 'sig', '{}')

-- event of another producer
insert into sguild_dispatcher.event_log (event_id, event_type, schema_version, producer, tenant_id,
    ordering_key, key_id, signature, body) values ('e', 'credit.locked', 1, 'revenue', 't', 'k',
    'key', 'sig', '{}')

-- own event in the name of another
insert into sguild_dispatcher.event_log (event_id, event_type, schema_version, producer, tenant_id,
    ordering_key, key_id, signature, body) values ('e', 'lead.created', 1, 'revenue', 't', 'k',
    'key', 'sig', '{}')

-- foreign event in the own name
insert into sguild_dispatcher.event_log (event_id, event_type, schema_version, producer, tenant_id,
    ordering_key, key_id, signature, body) values ('e', 'credit.locked', 1, 'sales', 't', 'k',
    'key', 'sig', '{}')

-- event of the legacy producer
insert into sguild_dispatcher.event_log (event_id, event_type, schema_version, producer, tenant_id,
    ordering_key, key_id, signature, body) values ('e', 'lead.created', 1, 'operations', 't', 'k',
    'key', 'sig', '{}')

-- event type of nobody
insert into sguild_dispatcher.event_log (event_id, event_type, schema_version, producer, tenant_id,
    ordering_key, key_id, signature, body) values ('e', 'lead.unheard.of', 1, 'sales', 't', 'k',
    'key', 'sig', '{}')

-- insert and read what is not subscribed to
insert into sguild_dispatcher.event_log (event_id, event_type, schema_version, producer, tenant_id,
    ordering_key, key_id, signature, body) values ('e', 'lead.created', 1, 'sales', 't', 'k', 'key',
    'sig', '{}') returning body

-- insert, or change what is there
insert into sguild_dispatcher.event_log (event_id, event_type, schema_version, producer, tenant_id,
    ordering_key, key_id, signature, body) values ('e', 'lead.created', 1, 'sales', 't', 'k', 'key',
    'sig', '{}') on conflict (seq, created_at) do update set body = 'forged'

-- update of an own event
update sguild_dispatcher.event_log set body = 'forged' where producer = 'sales'

-- update without a condition
update sguild_dispatcher.event_log set txid = '3'

-- delete
delete from sguild_dispatcher.event_log

-- truncate
truncate sguild_dispatcher.event_log cascade

-- merge
merge into sguild_dispatcher.event_log as log using (select 1) as one on true when matched then
    delete

-- copy in
copy sguild_dispatcher.event_log (event_id) from stdin

-- copy in from a program
copy sguild_dispatcher.event_log (event_id) from program 'id'

-- copy out to a program
copy (select body from sguild_dispatcher.event_log) to program 'cat > /dev/null'

-- select for update
select * from sguild_dispatcher.event_log for update

-- read what is hidden
select * from sguild_dispatcher.event_log where event_type in ('reservation.funded', 'lead.created')

-- divide by what is hidden
select from sguild_dispatcher.event_log where event_type in ('reservation.funded', 'lead.created')
    and 1 / (length(body) - 2) = 1

-- cast what is hidden
select * from sguild_dispatcher.event_log where event_type in ('reservation.funded', 'lead.created')
    and body::integer = 1

-- statistics of the log
select tablename from pg_stats where schemaname = 'sguild_dispatcher' and tablename ~
    '^(event_log|subscription|cursor|worker|partition_owner|failed_delivery|inbox|audit)'

-- draw a seq
select nextval('sguild_dispatcher.event_log_seq_seq')

-- set back the seq
select setval('sguild_dispatcher.event_log_seq_seq', 1)

-- read a partition
do $$ begin execute format('select * from %s', 'sguild_dispatcher.event_log_' || to_char(now() at
    time zone 'UTC', 'YYYYMMDD')); end $$

-- insert into a partition
do $$ begin execute format('insert into %s (event_id) values (''e'')',
    'sguild_dispatcher.event_log_' || to_char(now() at time zone 'UTC', 'YYYYMMDD')); end $$

-- read the default partition
select * from sguild_dispatcher.event_log_default

-- insert into the default partition
insert into sguild_dispatcher.event_log_default (event_id) values ('e')

-- drop a partition
drop table sguild_dispatcher.event_log_default

-- detach a partition
alter table sguild_dispatcher.event_log detach partition sguild_dispatcher.event_log_default

-- set role
set role sguild_revenue

-- set role to a superuser
set role postgres

-- set role to the operator
set role dispatcher_operator

-- set session authorization
set session authorization revenue_app

-- set role inside of code
do $$ begin execute 'set role sguild_revenue'; end $$

-- grant oneself a role
grant sguild_revenue to sales_app

-- alter oneself
alter role sales_app bypassrls

-- row_security off
set row_security = off; select * from sguild_dispatcher.event_log where event_type in
    ('reservation.funded', 'lead.created')

-- replica mode
set session_replication_role = replica

-- read other cursors
select * from sguild_dispatcher.cursor where domain <> 'sales'

-- move another cursor
insert into sguild_dispatcher.cursor (subscription_id, domain, partition, version, generation, done)
    select id, 'revenue', 0, 99, 1, '9:9:' from generate_series(1, 9) as id

-- move another cursor as one's own
insert into sguild_dispatcher.cursor (subscription_id, domain, partition, version, generation, done)
    values (1, 'sales', 0, 99, 1, '9:9:')

-- the key of another cursor
insert into sguild_dispatcher.cursor (subscription_id, domain, partition, version, generation, done)
    values (1, 'sales', 0, 1, 1, '9:9:')

-- the key of another claim
insert into sguild_dispatcher.partition_owner (subscription_id, domain, partition, worker_id)
    values (1, 'sales', 0, gen_random_uuid())

-- the key of another event that is done
insert into sguild_dispatcher.inbox (subscription_id, domain, producer, event_id)
    values (1, 'sales', 'platform', 'done')

-- the key of another dead letter
insert into sguild_dispatcher.failed_delivery (subscription_id, domain, log, state, seq, event_id,
    event_type, schema_version, producer, tenant_id, ordering_key, key_id, signature, body, reason,
    detail, attempts) values (1, 'sales', '', 'dead', 1, 'e', 'person.updated', 1, 'platform', 't', 'k',
    'key', 'sig', '{}', 'handler_failed', '', 1)

-- the key of another event of the audit
insert into sguild_dispatcher.audit_event (entry_id, entry_domain, subscription_id, domain, log, seq,
    event_id, event_type) values (1, 'sales', 1, 'sales', '', 1, 'e', 'person.updated')

-- delete other cursors
delete from sguild_dispatcher.cursor where domain = 'revenue'

-- change a cursor in place
update sguild_dispatcher.cursor set done = '9:9:'

-- retire another
update sguild_dispatcher.subscription set retired_at = now() where domain = 'revenue'

-- register for another
insert into sguild_dispatcher.subscription (domain, name) values ('revenue', 'spy')

-- give oneself to another
update sguild_dispatcher.subscription set domain = 'revenue'

-- take another partition
update sguild_dispatcher.partition_owner set worker_id = gen_random_uuid() where domain = 'revenue'

-- own a partition of another
insert into sguild_dispatcher.partition_owner (subscription_id, domain, partition, worker_id) values
    (1, 'revenue', 5, gen_random_uuid())

-- end another worker
delete from sguild_dispatcher.worker where domain = 'revenue'

-- work for another
insert into sguild_dispatcher.worker (subscription_id, domain, id, process, alive_until) values (1,
    'revenue', gen_random_uuid(), 'spy', now())

-- hide one's role
update sguild_dispatcher.worker set role = 'postgres'

-- claim for another
insert into sguild_dispatcher.inbox (subscription_id, domain, producer, event_id) values (1,
    'revenue', 'platform', 'e')

-- claim for another as one's own
insert into sguild_dispatcher.inbox (subscription_id, domain, producer, event_id) values (1,
    'sales', 'platform', 'e')

-- read another inbox
select * from sguild_dispatcher.inbox where domain = 'revenue'

-- unclaim
delete from sguild_dispatcher.inbox

-- read failed events of another
select body from sguild_dispatcher.failed_delivery where domain = 'revenue'

-- discard for another
delete from sguild_dispatcher.failed_delivery where domain = 'revenue'

-- replay for another
update sguild_dispatcher.failed_delivery set state = 'retrying', next_attempt_at = now() where
    domain = 'revenue'

-- change a failed event
update sguild_dispatcher.failed_delivery set body = 'forged'

-- let an event fail for another
insert into sguild_dispatcher.failed_delivery (subscription_id, domain, log, state, seq, event_id,
    event_type, schema_version, producer, tenant_id, ordering_key, key_id, signature, body, reason,
    detail, attempts) values (1, 'revenue', '', 'dead', 9, 'e', 'person.updated', 1, 'platform',
    't', 'k', 'key', 'sig', '{}', 'forged', '', 0)

-- read the audit of another
select * from sguild_dispatcher.audit_entry where domain = 'revenue'

-- audit for another
insert into sguild_dispatcher.audit_entry (action, domain, actor, reason) values ('replay',
    'revenue', 'x', '')

-- read the audited events of another
select * from sguild_dispatcher.audit_event where event_type = 'person.updated'

-- audit an event of another
insert into sguild_dispatcher.audit_event (entry_id, entry_domain, subscription_id, domain, log, seq,
    event_id, event_type)
    values (1, 'revenue', 1, 'revenue', '', 2, 'e', 'person.updated')

-- audit an own event in the entry of another
insert into sguild_dispatcher.audit_event (entry_id, entry_domain, subscription_id, domain, log, seq,
    event_id, event_type)
    values (1, 'revenue', 2, 'sales', '', 2, 'e', 'credit.locked')

-- audit an own event in the entry of another as one's own
insert into sguild_dispatcher.audit_event (entry_id, entry_domain, subscription_id, domain, log, seq,
    event_id, event_type)
    values (1, 'sales', 2, 'sales', '', 2, 'e', 'credit.locked')

-- audit an own event in the entry of nobody
insert into sguild_dispatcher.audit_event (entry_id, entry_domain, subscription_id, domain, log, seq,
    event_id, event_type)
    values (1, null, 2, 'sales', '', 2, 'e', 'credit.locked')

-- audit an event of another in the own entry
insert into sguild_dispatcher.audit_event (entry_id, entry_domain, subscription_id, domain, log, seq,
    event_id, event_type)
    values (2, 'sales', 1, 'sales', '', 2, 'e', 'person.updated')

-- change the audited events
update sguild_dispatcher.audit_event set event_id = 'x'

-- delete the audited events
delete from sguild_dispatcher.audit_event

-- change the audit
update sguild_dispatcher.audit_entry set actor = 'x'

-- delete the audit
delete from sguild_dispatcher.audit_entry

-- date the audit back
insert into sguild_dispatcher.audit_entry (action, domain, actor, reason, acted_at) values
    ('replay', 'sales', 'x', '', '2000-01-01')

-- disable the policies
alter table sguild_dispatcher.event_log disable row level security

-- drop a policy
drop policy sguild_sales_select on sguild_dispatcher.event_log

-- a policy of one's own
create policy spy on sguild_dispatcher.event_log using (true)

-- grant to all
grant all on sguild_dispatcher.event_log to public

-- change what is installed
update sguild_dispatcher.domain_role set subscribes = '{}'

-- change the hash
delete from sguild_dispatcher.roles_installed

-- change the generation
update sguild_dispatcher.generation set generation = 9

-- change the migrations
delete from sguild_dispatcher.migration

-- call what installs roles
call sguild_dispatcher.replace_roles('{}')

-- call the digest
select sguild_dispatcher.rights_digest()

-- a table in the schema
create table sguild_dispatcher.spy (body text)

-- a function in the schema
create function sguild_dispatcher.now() returns timestamptz language sql as 'select
    null::timestamptz'

-- a replaced function
create or replace function sguild_dispatcher.create_log_days(ahead integer) returns integer language
    sql as 'select 1'

-- a trigger
create trigger spy before insert on sguild_dispatcher.event_log for each row execute function
    suppress_redundant_updates_trigger()

-- a rule
create rule spy as on insert to sguild_dispatcher.event_log do also select 1

-- a copy of the table
create table public.spy (like sguild_dispatcher.event_log)

-- a schema
create schema spy

-- a temporary table
create temporary table event_log (body text)

-- a temporary function
create function pg_temp.now() returns timestamptz language sql as 'select null::timestamptz'

-- a function in public
create function public.to_regclass(text) returns regclass language sql as 'select null'

-- an operator in public
create operator public.+ (leftarg = text, rightarg = text, function = textcat)

-- import a file
select lo_import('/etc/passwd')

-- read a file
select pg_read_file('/etc/passwd')

-- list a folder
select * from pg_ls_dir('/')

-- an extension
create extension dblink

-- a foreign server
create foreign data wrapper spy

-- an untrusted language
create function public.spy() returns trigger language internal as
    'suppress_redundant_updates_trigger'

-- passwords
select rolpassword from pg_authid

-- another setting for all
alter system set row_security = off

-- another setting for the database
do $$ begin execute format('alter database %I set search_path = public', current_database()); end $$

-- a setting for the owner
alter role postgres set search_path = public
