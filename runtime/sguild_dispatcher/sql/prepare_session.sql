-- The fetches are planned for the snapshot at hand: a generic plan would read the whole log.
set plan_cache_mode = force_custom_plan;
