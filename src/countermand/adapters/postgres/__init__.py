"""The store of record: a private PostgreSQL or any other one, its migrations and its queries."""
