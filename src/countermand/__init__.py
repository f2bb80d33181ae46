"""Countermand: take back an operation its customer never wanted."""

__version__ = "0.1.0"
