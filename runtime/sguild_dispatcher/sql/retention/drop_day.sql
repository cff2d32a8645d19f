drop table sguild_dispatcher.{table};
