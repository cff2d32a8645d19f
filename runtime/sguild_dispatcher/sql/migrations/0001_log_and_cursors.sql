-- The append-only log of events, the cursors of its subscribers, and what failed.

-- An event's seq is drawn before its transaction commits, so seq alone says nothing about visibility: readers
-- go by txid. For the same reason the sequence must not be cached by sessions.
create table sguild_dispatcher.event_log (
    seq             bigint generated always as identity (cache 1) primary key,
    txid            xid8 not null default pg_catalog.pg_current_xact_id(),
    event_id        text not null,
    event_type      text not null,
    schema_version  integer not null,
    producer        text not null,
    tenant_id       text not null,
    ordering_key    text not null,
    key_id          text not null,
    signature       text not null,
    body            text not null,
    created_at      timestamptz not null default pg_catalog.clock_timestamp()
);
create index event_log_txid on sguild_dispatcher.event_log (txid, seq);
comment on column sguild_dispatcher.event_log.body is 'The exact text that was signed.';

create table sguild_dispatcher.subscription (
    id                 bigint generated always as identity primary key,
    domain             text not null,
    name               text not null,
    system_identifier  bigint not null,
    ignored_types      text[] not null default '{}',
    registered_at      timestamptz not null default pg_catalog.clock_timestamp(),
    retired_at         timestamptz,
    unique (domain, name)
);
comment on column sguild_dispatcher.subscription.system_identifier is
    'The cluster whose transaction ids the cursor is made of.';
comment on column sguild_dispatcher.subscription.ignored_types is
    'The registered event types that the domain does not subscribe to, as its worker last started: never fetched.';

-- One row a step, never updated in place: an insert of version + 1 is the compare-and-set.
create table sguild_dispatcher.cursor (
    subscription_id  bigint not null references sguild_dispatcher.subscription (id),
    version          bigint not null,
    done             pg_snapshot not null,
    window_snapshot  pg_snapshot,
    position         bigint,
    moved_at         timestamptz not null default pg_catalog.clock_timestamp(),
    primary key (subscription_id, version),
    check ((window_snapshot is null) = (position is null))
);
comment on table sguild_dispatcher.cursor is
    'Everything visible in done is done; inside the window, everything up to position is.';

-- A retry while state is retrying, a dead letter while it is dead. It holds a copy of the event,
-- so that retention of the log never takes the event away.
create table sguild_dispatcher.failed_delivery (
    id               bigint generated always as identity primary key,
    subscription_id  bigint not null references sguild_dispatcher.subscription (id),
    state            text not null check (state in ('retrying', 'dead')),
    seq              bigint not null,
    event_id         text not null,
    event_type       text not null,
    schema_version   integer not null,
    producer         text not null,
    tenant_id        text not null,
    ordering_key     text not null,
    key_id           text not null,
    signature        text not null,
    body             text not null,
    reason           text not null,
    detail           text not null,
    attempts         integer not null check (attempts >= 0),
    replays          integer not null default 0,
    next_attempt_at  timestamptz,
    first_failed_at  timestamptz not null default pg_catalog.clock_timestamp(),
    last_failed_at   timestamptz not null default pg_catalog.clock_timestamp(),
    unique (subscription_id, seq),
    check ((state = 'retrying') = (next_attempt_at is not null))
);
create index failed_delivery_due on sguild_dispatcher.failed_delivery (subscription_id, next_attempt_at, seq)
    where state = 'retrying';
create index failed_delivery_dead on sguild_dispatcher.failed_delivery (subscription_id, seq)
    where state = 'dead';
comment on column sguild_dispatcher.failed_delivery.attempts is
    'Deliveries tried since the event failed first or was last replayed.';

create table sguild_dispatcher.dead_letter_action (
    id               bigint generated always as identity primary key,
    action           text not null check (action in ('replay', 'discard')),
    subscription_id  bigint not null references sguild_dispatcher.subscription (id),
    seq              bigint not null,
    event_id         text not null,
    event_type       text not null,
    actor            text not null,
    reason           text not null,
    acted_at         timestamptz not null default pg_catalog.clock_timestamp()
);
comment on column sguild_dispatcher.dead_letter_action.reason is 'Why a person did it, in their words.';
