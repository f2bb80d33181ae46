"""Trained models: where their files are kept, how they score, how they are made."""
