"""A policy as SQL: the same meaning as the live program, in one dialect that others are transpiled from."""
