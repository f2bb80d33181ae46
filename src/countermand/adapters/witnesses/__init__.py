"""Witnesses over HTTP, a witness's own keys and memory on disk, and logs read by their tiles."""
