-- The compare-and-set: the primary key refuses a second row of one version. No row is inserted when the
-- transaction is no longer the one that fetched the batch (the token is gone), or the subscription is retired.
-- $1 subscription, $2 version, $3 done, $4 window, $5 position, $6 token of the batch
insert into sguild_dispatcher.cursor (subscription_id, version, done, window_snapshot, position)
select
    subscription.id, $2, $3::text::pg_catalog.pg_snapshot, $4::text::pg_catalog.pg_snapshot, $5
from sguild_dispatcher.subscription as subscription
where subscription.id = $1
    and subscription.retired_at is null
    and pg_catalog.current_setting('sguild_dispatcher.batch', true) = $6
returning version;
