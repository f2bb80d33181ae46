"""The acts of the demo: what customers and staff do about operations, one file for each."""
