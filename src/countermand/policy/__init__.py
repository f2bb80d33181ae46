"""The policy language: features over exact windows, rules as SQL conditions, checks before publishing."""
