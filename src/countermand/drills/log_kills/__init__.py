"""Sealer, signer and exporter of the log are killed at any moment; then everything is checked."""
