update sguild_dispatcher.subscription as subscription
set ignored_types = $2
where subscription.id = $1 and subscription.ignored_types <> $2;
