select version, checksum from sguild_dispatcher.migration order by version;
