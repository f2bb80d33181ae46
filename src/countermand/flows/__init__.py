"""One file, one story: what the house does, told in the order in which it happens."""
