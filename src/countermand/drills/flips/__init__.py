"""Flip one byte anywhere in what is stored, and see whether it is found and named."""
