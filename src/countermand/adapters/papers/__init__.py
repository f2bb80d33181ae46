"""Papers that people keep: set by Typst, signed as PAdES."""
