savepoint sguild_delivery;
