"""Classifiers of messages: how they learn, and where their files are."""
