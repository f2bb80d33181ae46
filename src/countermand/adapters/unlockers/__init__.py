"""Documents that came locked with a password, opened."""
