-- The append-only log of events, the cursors of its subscribers, and what failed.

-- An event's seq is drawn before its transaction commits, so seq alone says nothing about visibility: readers
-- go by txid. For the same reason the sequence must not be cached by sessions.
create table sguild_dispatcher.event_log (
    seq             bigint generated always as identity (cache 1),
    txid            xid8 not null default pg_catalog.pg_current_xact_id(),
    generation      smallint not null default 1,
    bucket          smallint not null generated always as
        (pg_catalog.get_byte(pg_catalog.decode(pg_catalog.md5(ordering_key), 'hex'), 0) & 63) stored,
    schema_version  integer not null,
    created_at      timestamptz not null default pg_catalog.clock_timestamp(),
    event_id        text not null,
    event_type      text not null,
    producer        text not null,
    tenant_id       text not null,
    ordering_key    text not null,
    key_id          text not null,
    signature       text not null,
    trace_context   text not null default '', -- empty for none: one null in a row costs eight bytes of it
    body            text not null,
    primary key (seq, created_at)
) partition by range (created_at);
create index event_log_txid on sguild_dispatcher.event_log (txid, bucket);
comment on column sguild_dispatcher.event_log.generation is
    'The cluster in whose transaction ids txid counts; the default rises after a restore into another one.';
comment on column sguild_dispatcher.event_log.bucket is
    'One of 64 shares of the ordering keys: what the partitions of a subscription divide among them.';
comment on column sguild_dispatcher.event_log.trace_context is
    'W3C traceparent of the publisher, and after a blank its tracestate if there is one; a hint that is not signed.';
comment on column sguild_dispatcher.event_log.body is 'The exact text that was signed.';

-- A day that nobody made in time is no reason to refuse an event: its rows lie here.
create table sguild_dispatcher.event_log_default partition of sguild_dispatcher.event_log default;
-- Events are read and written through event_log, whose policies count; by itself a partition shows nothing to anybody
-- but its owner, whatever was granted.
alter table sguild_dispatcher.event_log_default enable row level security;

-- Makes the tables of today and of the days to come, each from 00:00 UTC to the next, and returns how many are new.
-- A day whose rows lie in event_log_default already stays there.
create function sguild_dispatcher.create_log_days(ahead integer) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    first timestamptz;
    name text;
    made integer := 0;
begin
    if not pg_try_advisory_xact_lock(x'6461797300000000'::bigint) then
        return 0;
    end if;
    for day in 0..least(ahead, 31) loop
        first := (date_trunc('day', now() at time zone 'UTC') + make_interval(days => day)) at time zone 'UTC';
        name := 'event_log_' || to_char(first at time zone 'UTC', 'YYYYMMDD');
        if to_regclass('sguild_dispatcher.' || name) is null
            and not exists (
                select from sguild_dispatcher.event_log_default as log
                where log.created_at >= first and log.created_at < first + interval '1 day'
            )
        then
            execute format(
                'create table sguild_dispatcher.%I partition of sguild_dispatcher.event_log for values from (%L) to (%L)',
                name, first, first + interval '1 day'
            );
            execute format('alter table sguild_dispatcher.%I enable row level security', name);
            made := made + 1;
        end if;
    end loop;
    return made;
end
$$;
select sguild_dispatcher.create_log_days(7);

-- The days (UTC) whose events lie in event_log_default, which nobody but the owner may read by itself; through event_log
-- its rows could only be told apart by reading all others, too.
create function sguild_dispatcher.days_in_default() returns table (day date, events bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select (log.created_at at time zone 'UTC')::date, count(*)
    from sguild_dispatcher.event_log_default as log
    group by 1
$$;

-- The clusters that the log has lived in. Transaction ids of one mean nothing in another.
create table sguild_dispatcher.generation (
    generation         smallint primary key,
    system_identifier  bigint not null,
    txid               xid8 not null default pg_catalog.pg_current_xact_id(),
    began_at           timestamptz not null default pg_catalog.clock_timestamp()
);
comment on column sguild_dispatcher.generation.txid is
    'The transaction that wrote the row: a restore shows by it, since then another one wrote the copy.';
insert into sguild_dispatcher.generation (generation, system_identifier)
select 1, control.system_identifier from pg_catalog.pg_control_system() as control;

-- The tables of a subscription have its domain in each row, so that the policy of a domain's role is a literal. Their
-- unique keys end with it, too: policies do not hide that a key is there, and who inserts it waits for whoever has it.
-- So nobody can name the key of another domain: with his own domain it is another one, which the foreign key refuses.
create table sguild_dispatcher.subscription (
    id                bigint generated always as identity primary key,
    domain            text not null,
    name              text not null,
    partitions        smallint not null default 1 check (partitions between 1 and 64),
    partitions_wanted smallint check (partitions_wanted between 1 and 64),
    ignored_types     text[] not null default '{}',
    read_types        text[] not null default '{}',
    registered_at     timestamptz not null default pg_catalog.clock_timestamp(),
    first_started_at  timestamptz,
    paused_at         timestamptz,
    retired_at        timestamptz,
    unique (domain, name),
    unique (id, domain)
);
comment on column sguild_dispatcher.subscription.partitions is
    'Partition p of n delivers the events whose bucket is p modulo n.';
comment on column sguild_dispatcher.subscription.partitions_wanted is
    'The number of partitions that is being changed to: until all of them are drained to one snapshot.';
comment on column sguild_dispatcher.subscription.ignored_types is
    'The registered event types that the domain does not subscribe to, as its worker last started: never fetched.';
comment on column sguild_dispatcher.subscription.read_types is
    'The event types that the domain subscribes to, as its worker last started: no roles may hide them from it.';
comment on column sguild_dispatcher.subscription.first_started_at is
    'When a worker first began to deliver for it; null: none ever did, and one of the two names may have a typo.';

-- One row a step, never updated in place: an insert of version + 1 is the compare-and-set.
create table sguild_dispatcher.cursor (
    subscription_id  bigint not null,
    domain           text not null,
    partition        smallint not null,
    version          bigint not null,
    generation       smallint not null,
    done             pg_snapshot not null,
    window_snapshot  pg_snapshot,
    position         bigint,
    moved_at         timestamptz not null default pg_catalog.clock_timestamp(),
    primary key (subscription_id, partition, version, domain),
    foreign key (subscription_id, domain) references sguild_dispatcher.subscription (id, domain),
    check ((window_snapshot is null) = (position is null))
);
comment on table sguild_dispatcher.cursor is
    'Everything visible in done is done; inside the window, everything up to position is.';

-- A process that works for a subscription is alive as long as it says so; what it owns is free afterwards.
create table sguild_dispatcher.worker (
    subscription_id  bigint not null,
    domain           text not null,
    id               uuid not null,
    process          text not null,
    role             name not null default current_user,
    started_at       timestamptz not null default pg_catalog.clock_timestamp(),
    alive_until      timestamptz not null,
    primary key (subscription_id, id, domain),
    foreign key (subscription_id, domain) references sguild_dispatcher.subscription (id, domain)
);
comment on column sguild_dispatcher.worker.process is 'Host and process id, for people.';
comment on column sguild_dispatcher.worker.role is 'The database role that it began as: what policies apply to it.';

create table sguild_dispatcher.partition_owner (
    subscription_id  bigint not null,
    domain           text not null,
    partition        smallint not null,
    worker_id        uuid not null,
    owned_since      timestamptz not null default pg_catalog.clock_timestamp(),
    primary key (subscription_id, partition, domain),
    foreign key (subscription_id, domain) references sguild_dispatcher.subscription (id, domain)
);

-- A retry while state is retrying, a dead letter while it is dead; held while an earlier event of its key is
-- either. It holds a copy of the event, so that retention of the log never takes the event away.
create table sguild_dispatcher.failed_delivery (
    id               bigint generated always as identity primary key,
    subscription_id  bigint not null,
    domain           text not null,
    log              text not null,
    state            text not null check (state in ('retrying', 'dead', 'held')),
    seq              bigint not null,
    bucket           smallint not null generated always as
        (pg_catalog.get_byte(pg_catalog.decode(pg_catalog.md5(ordering_key), 'hex'), 0) & 63) stored,
    event_id         text not null,
    event_type       text not null,
    schema_version   integer not null,
    producer         text not null,
    tenant_id        text not null,
    ordering_key     text not null,
    key_id           text not null,
    signature        text not null,
    trace_context    text,
    body             text not null,
    reason           text not null,
    detail           text not null,
    attempts         integer not null check (attempts >= 0),
    replays          integer not null default 0,
    replay_id        bigint,
    next_attempt_at  timestamptz,
    first_failed_at  timestamptz not null default pg_catalog.clock_timestamp(),
    last_failed_at   timestamptz not null default pg_catalog.clock_timestamp(),
    unique (subscription_id, log, seq, domain),
    foreign key (subscription_id, domain) references sguild_dispatcher.subscription (id, domain),
    check ((state = 'retrying') = (next_attempt_at is not null))
);
create index failed_delivery_due on sguild_dispatcher.failed_delivery (subscription_id, next_attempt_at, seq)
    where state = 'retrying';
create index failed_delivery_dead on sguild_dispatcher.failed_delivery (subscription_id, seq)
    where state = 'dead';
create index failed_delivery_key on sguild_dispatcher.failed_delivery (subscription_id, ordering_key, seq);
comment on column sguild_dispatcher.failed_delivery.log is
    'The database that the event was read from: empty for the one of this table, else a producer.';
comment on column sguild_dispatcher.failed_delivery.attempts is
    'Deliveries tried since the event failed first or was last replayed.';
comment on column sguild_dispatcher.failed_delivery.replay_id is 'The audit entry of the last replay.';

-- What a subscriber did whose cursor could not be committed with it: nothing is done twice.
create table sguild_dispatcher.inbox (
    subscription_id  bigint not null,
    domain           text not null,
    producer         text not null,
    event_id         text not null,
    done_at          timestamptz not null default pg_catalog.clock_timestamp(),
    primary key (subscription_id, producer, event_id, domain),
    foreign key (subscription_id, domain) references sguild_dispatcher.subscription (id, domain)
);
create index inbox_done_at on sguild_dispatcher.inbox (subscription_id, done_at);

-- What people did, and what a handler asked for: an entry an action, and a row an event that it concerned.
create table sguild_dispatcher.audit_entry (
    id        bigint generated always as identity primary key,
    action    text not null,
    domain    text,
    name      text,
    actor     text not null,
    reason    text not null,
    details   json,
    acted_at  timestamptz not null default pg_catalog.clock_timestamp(),
    unique (id, domain)
);
comment on column sguild_dispatcher.audit_entry.reason is 'Why it was done, in the words of who did it.';
comment on column sguild_dispatcher.audit_entry.details is 'What the action was told: filters, places, numbers.';
create table sguild_dispatcher.audit_event (
    entry_id         bigint not null references sguild_dispatcher.audit_entry (id) on delete cascade,
    entry_domain     text,
    subscription_id  bigint not null,
    domain           text not null,
    log              text not null,
    seq              bigint not null,
    event_id         text not null,
    event_type       text not null,
    primary key (entry_id, subscription_id, log, seq, domain),
    foreign key (entry_id, entry_domain) references sguild_dispatcher.audit_entry (id, domain) on delete cascade,
    foreign key (subscription_id, domain) references sguild_dispatcher.subscription (id, domain)
);
create index audit_event_delivery on sguild_dispatcher.audit_event (subscription_id, log, seq);
comment on column sguild_dispatcher.audit_event.entry_domain is
    'The domain of the entry, null where it names none: a domain writes only into entries of its own.';

-- How long handlers take, for people: one row an event type, which begins anew every hour.
create table sguild_dispatcher.handler_time (
    subscription_id  bigint not null,
    domain           text not null,
    event_type       text not null,
    hour             timestamptz not null,
    calls            bigint not null,
    seconds          double precision not null,
    slowest          double precision not null,
    primary key (subscription_id, event_type, domain),
    foreign key (subscription_id, domain) references sguild_dispatcher.subscription (id, domain)
);
comment on column sguild_dispatcher.handler_time.seconds is 'The sum over all calls.';

-- The domains' roles, as the file of a registry (roles.sql of the generated package) installed them; empty until then.
create table sguild_dispatcher.domain_role (
    domain      text primary key,
    role        name not null unique,
    produces    text[] not null,
    subscribes  text[] not null
);
create table sguild_dispatcher.roles_installed (
    registry_version  text not null,
    registry_hash     text not null,
    rights_digest     text not null,
    installed_by      name not null default current_user,
    installed_at      timestamptz not null default pg_catalog.clock_timestamp()
);
create unique index roles_installed_once on sguild_dispatcher.roles_installed ((true));
comment on column sguild_dispatcher.roles_installed.registry_hash is
    'SHA-256 of what the policies are made of: which domain produces and which subscribes to which event types.';
comment on column sguild_dispatcher.roles_installed.rights_digest is 'What rights_digest() returned afterwards.';

-- A digest of the policies and grants of the schema, to tell whether somebody changed them.
create function sguild_dispatcher.rights_digest() returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
    with granted (object, owner, acl) as (
        select 'schema', namespace.nspowner, namespace.nspacl
        from pg_namespace as namespace
        where namespace.nspname = 'sguild_dispatcher'
        union all
        select relation.relname, relation.relowner, relation.relacl
        from pg_class as relation
        where relation.relnamespace = 'sguild_dispatcher'::regnamespace and not relation.relispartition
        union all
        select format('%s.%s', relation.relname, attribute.attname), relation.relowner, attribute.attacl
        from pg_attribute as attribute
        join pg_class as relation on relation.oid = attribute.attrelid
        where relation.relnamespace = 'sguild_dispatcher'::regnamespace and not relation.relispartition
        union all
        select format('%s()', function.proname), function.proowner,
            coalesce(function.proacl, acldefault('f', function.proowner))
        from pg_proc as function
        where function.pronamespace = 'sguild_dispatcher'::regnamespace
    ),
    part (text) as (
        select policy::text from pg_policies as policy where policy.schemaname = 'sguild_dispatcher'
        union all
        select concat_ws(' ',
            granted.object, coalesce(grantee.rolname, 'public'), privilege.privilege_type, privilege.is_grantable
        )
        from granted
        cross join lateral aclexplode(granted.acl) as privilege
        left join pg_roles as grantee on grantee.oid = privilege.grantee
        where privilege.grantee <> granted.owner
    )
    select encode(sha256(convert_to(string_agg(part.text, E'\n' order by part.text collate "C"), 'UTF8')), 'hex')
    from part
$$;

-- The event types that a roles file would hide from subscribers although they are not through with them. Rows that a
-- policy hides count as done for a cursor, so each of these would be lost in silence: what the worker that was started
-- last reads; and what it does not ignore, and has yet to come to, as it does of a type that is in no registry any more.
create function sguild_dispatcher.hidden_too_early(domains sguild_dispatcher.domain_role[])
returns table (domain text, name text, event_type text, is_read boolean)
language sql stable set search_path = pg_catalog, pg_temp as $$
    with active as (
        select subscription.*, coalesce(wanted.subscribes, '{}') as wanted, former.subscribes as former
        from sguild_dispatcher.subscription as subscription
        left join unnest(domains) as wanted on wanted.domain = subscription.domain
        left join sguild_dispatcher.domain_role as former on former.domain = subscription.domain
        where subscription.retired_at is null and subscription.first_started_at is not null
    ),
    place as (
        select active.*, cursor.partition, cursor.generation, cursor.done, cursor.window_snapshot, cursor.position,
            case -- transaction ids of another cluster say nothing
                when exists (
                    select from sguild_dispatcher.generation as newer where newer.generation > cursor.generation
                ) then '0'
                else pg_snapshot_xmin(cursor.done)
            end as first_txid
        from active
        cross join generate_series(0, active.partitions - 1) as partition (number)
        cross join lateral (
            select newest.*
            from sguild_dispatcher.cursor as newest
            where newest.subscription_id = active.id and newest.partition = partition.number
            order by newest.version desc
            limit 1
        ) as cursor
        -- Without roles all is seen; with them, only what they let the domain read.
        where not exists (select from sguild_dispatcher.roles_installed)
            or exists (select unnest(active.former) except select unnest(active.wanted || active.ignored_types))
    )
    select active.domain, active.name, read.event_type, true
    from active
    cross join unnest(active.read_types) as read (event_type)
    where read.event_type <> all (active.wanted)
    union
    select place.domain, place.name, log.event_type, false
    from place
    join sguild_dispatcher.event_log as log
        on log.txid >= place.first_txid and log.bucket % place.partitions = place.partition
    where log.event_type <> all (place.wanted || place.ignored_types || place.read_types)
        and (
            log.event_type = any (place.former)
            or not exists (select from sguild_dispatcher.roles_installed)
        )
        and (
            log.generation < place.generation
            or log.generation = place.generation and (
                pg_visible_in_snapshot(log.txid, place.done)
                or pg_visible_in_snapshot(log.txid, place.window_snapshot) and log.seq <= place.position
            )
        ) is not true
$$;

-- What a roles file does before it gives rights: whatever an earlier one gave is taken back, and the roles are made.
create procedure sguild_dispatcher.replace_roles(domains sguild_dispatcher.domain_role[])
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    operator constant name := 'dispatcher_operator';
    guarded constant text[] := array[
        'event_log', 'subscription', 'cursor', 'worker', 'partition_owner', 'failed_delivery', 'inbox',
        'handler_time', 'audit_entry', 'audit_event'
    ];
    each record;
    name text;
begin
    foreach name in array guarded loop
        execute format('lock table only sguild_dispatcher.%I in access exclusive mode', name);
    end loop;

    for each in
        select wanted.role from unnest(domains) as wanted union select operator
        except select role.rolname from pg_roles as role
    loop
        begin
            execute format('create role %I nologin', each.role);
        exception when duplicate_object or unique_violation then
            null; -- roles belong to the cluster, and another of its databases was faster
        end;
    end loop;
    -- The owner migrates, drops old days and judges what may be hidden, so it has to see all rows; forced policies are
    -- for it, too.
    select owner.rolname as name into each
    from pg_namespace as namespace
    join pg_roles as owner on owner.oid = namespace.nspowner
    where namespace.nspname = 'sguild_dispatcher' and not pg_has_role(owner.oid, operator, 'usage');
    if found then
        execute format('grant %I to %I', operator, each.name);
    end if;

    select * into each from sguild_dispatcher.hidden_too_early(domains) as early order by early limit 1;
    if each.is_read then
        raise exception using errcode = 'object_in_use', message = format(
            '%s/%s still reads %s, which this registry keeps from %s: start its worker with the new registry first '
            'and then apply the roles, or retire the subscriber',
            each.domain, each.name, each.event_type, each.domain
        );
    elsif found then
        raise exception using errcode = 'object_in_use', message = format(
            '%s/%s has yet to come to events of %s, which this registry keeps from %s: let its worker go past them '
            'first, or skip them with `sguild-dispatcher cursors skip`, or retire the subscriber',
            each.domain, each.name, each.event_type, each.domain
        );
    end if;

    for each in select * from pg_policies as policy where policy.schemaname = 'sguild_dispatcher' loop
        execute format('drop policy %I on sguild_dispatcher.%I', each.policyname, each.tablename);
    end loop;
    for each in
        select 'public' as name
        union all
        select quote_ident(role.rolname)
        from pg_roles as role
        where role.rolname = operator
            or role.rolname in (select domain_role.role from sguild_dispatcher.domain_role as domain_role)
    loop
        execute format('revoke all on schema sguild_dispatcher from %s', each.name);
        execute format('revoke all on all tables in schema sguild_dispatcher from %s', each.name);
        execute format('revoke all on all sequences in schema sguild_dispatcher from %s', each.name);
        execute format('revoke all on all routines in schema sguild_dispatcher from %s', each.name);
    end loop;
    delete from sguild_dispatcher.roles_installed;
    delete from sguild_dispatcher.domain_role;
    insert into sguild_dispatcher.domain_role select wanted.* from unnest(domains) as wanted;

    foreach name in array guarded loop
        execute format('alter table sguild_dispatcher.%I enable row level security', name);
        execute format('alter table sguild_dispatcher.%I force row level security', name);
    end loop;

    select owner.rolname as name into each
    from pg_namespace as namespace
    join pg_roles as owner on owner.oid = namespace.nspowner
    where namespace.nspname = 'sguild_dispatcher' and not owner.rolsuper;
    if found then
        execute format('grant temporary on database %I to %I', current_database(), each.name);
    end if;
    if exists (
        select from pg_database as database
        cross join lateral aclexplode(coalesce(database.datacl, acldefault('d', database.datdba))) as privilege
        where database.datname = current_database()
            and privilege.grantee = 0
            and privilege.privilege_type in ('CREATE', 'TEMPORARY')
    ) then
        execute format('revoke create, temporary on database %I from public', current_database());
    end if;
end
$$;
