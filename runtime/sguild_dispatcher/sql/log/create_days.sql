-- $1 days ahead
select sguild_dispatcher.create_log_days($1);
