"""Secrets and proofs: the vault, passwords, one-time codes, passkeys, liveness, sealed payloads."""
