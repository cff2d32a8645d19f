"""The record of a run: what was generated from what, so that the next run does only what is new."""
