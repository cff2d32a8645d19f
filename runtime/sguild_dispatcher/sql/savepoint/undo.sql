rollback to savepoint sguild_delivery;
release savepoint sguild_delivery;
