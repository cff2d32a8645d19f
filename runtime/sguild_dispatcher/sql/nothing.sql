-- Makes a library that puts BEGIN off until the first statement send it.
select;
