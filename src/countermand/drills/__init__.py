"""Drills: simulated days and nights that try to break the promises, and checkers that would see it."""
