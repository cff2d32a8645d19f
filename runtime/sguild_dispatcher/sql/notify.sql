-- The payload is empty: a wake-up is a hint that anyone may send. There is no parameter, so that no statement is
-- prepared, which a pooler that changes the session between two transactions could not find again.
notify sguild_dispatcher;
