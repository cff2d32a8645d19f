delete from sguild_dispatcher.failed_delivery as failed where failed.id = $1;
