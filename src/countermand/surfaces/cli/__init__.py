"""The terminal: every command of `countermand`."""
