"""A customer's own pages: what happened, what waits, what is switched on, and "not me" on every line."""
