-- $1 id
select failed.body from sguild_dispatcher.failed_delivery as failed where failed.id = $1 and failed.state = 'dead';
