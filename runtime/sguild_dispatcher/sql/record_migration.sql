insert into sguild_dispatcher.migration (version, name, checksum) values ($1, $2, $3);
