"""What deliveries need of a database, and how PostgreSQL does it; tests have an in-memory one beside it."""
