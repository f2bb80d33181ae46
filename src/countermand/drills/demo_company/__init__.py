"""The demo's fictional company: who works there, whose accounts it keeps, what waits at its desk."""
