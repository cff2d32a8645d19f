"""One story on the real contracts, from a reserved credit to a replayed dead letter: ``python -m demo``."""
