-- Publishers queue up behind one who waits for this lock, so it is given up at once, and so is whatever takes long under it.
set local lock_timeout = '100ms';
set local statement_timeout = '5s';
lock table only sguild_dispatcher.event_log in access exclusive mode;
