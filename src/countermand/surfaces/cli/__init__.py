"""The terminal's door: every command in two languages, every answer also as JSON."""
