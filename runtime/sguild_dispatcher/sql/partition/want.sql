-- From here on nothing new is delivered.
-- $1 subscription, $2 partitions
update sguild_dispatcher.subscription as subscription
set partitions_wanted = $2
where subscription.id = $1 and subscription.retired_at is null
returning subscription.partitions;
