"""Rules of what comes in: what a message is, what it stops, what may be shown of it, what answers it."""
