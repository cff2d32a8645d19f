-- $1 action, $2 domain, $3 name, $4 actor, $5 reason, $6 details
insert into sguild_dispatcher.audit_entry (action, domain, name, actor, reason, details)
values ($1, $2, $3, $4, $5, $6)
returning id;
