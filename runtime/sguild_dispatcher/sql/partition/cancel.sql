-- $1 subscription
update sguild_dispatcher.subscription as subscription
set partitions_wanted = null
where subscription.id = $1 and subscription.partitions_wanted is not null
returning subscription.id;
