release savepoint sguild_delivery;
