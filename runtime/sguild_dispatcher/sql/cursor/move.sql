-- The compare-and-set: the version follows the newest one, and the primary key refuses a second row of it. No row
-- is inserted when the transaction is no longer the one that fetched the batch (the token is gone), when the
-- subscription is retired, or when another process was here since.
-- $1 subscription, $2 partition, $3 version, $4 generation, $5 done, $6 window, $7 position, $8 token of the batch (null: any)
with place as materialized (
    select
        $8::text is null or pg_catalog.current_setting('sguild_dispatcher.batch', true) = $8 as fetched_here,
        (
            select pg_catalog.max(cursor.version) from sguild_dispatcher.cursor as cursor
            where cursor.subscription_id = $1 and cursor.partition = $2
        ) = $3 - 1 as follows
),
moved as (
    insert into sguild_dispatcher.cursor
        (subscription_id, domain, partition, version, generation, done, window_snapshot, position)
    select
        subscription.id, subscription.domain, $2, $3, $4, $5::text::pg_catalog.pg_snapshot,
        $6::text::pg_catalog.pg_snapshot, $7
    from sguild_dispatcher.subscription as subscription
    where subscription.id = $1
        and subscription.retired_at is null
        and (select place.fetched_here and place.follows from place)
    returning version
)
select place.fetched_here, exists (select from moved) as moved from place;
