"""Where tombstones stay apart from the database."""
