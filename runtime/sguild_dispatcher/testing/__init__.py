"""What tests and demonstrations of a service need: a PostgreSQL server of their own."""
