"""The doors: how people and systems reach the house."""
