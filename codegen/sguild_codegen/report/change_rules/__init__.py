"""Rules about changes of contracts, one family a file; all of them are in :data:`RULES` of each."""
