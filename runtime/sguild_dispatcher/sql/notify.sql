-- The payload is empty: a wake-up is a hint that anyone may send. There is no parameter, so that no statement is
-- prepared, which a pooler that changes the session between two transactions could not find again. Sent together,
-- both statements are one transaction. A hint need not survive a crash: it does not wait for the disk.
set local synchronous_commit = off;
notify sguild_dispatcher;
