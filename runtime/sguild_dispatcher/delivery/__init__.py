"""From a row of the log to a handler's committed effect."""
