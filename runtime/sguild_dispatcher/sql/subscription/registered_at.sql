-- When a subscription was registered, which no other database knows of it: two may give it the same id.
-- $1 subscription
select subscription.registered_at
from sguild_dispatcher.subscription as subscription
where subscription.id = $1;
