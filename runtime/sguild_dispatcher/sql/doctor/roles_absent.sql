-- One row where no roles are installed.
select where not exists (select from sguild_dispatcher.roles_installed);
