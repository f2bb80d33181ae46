"""Receipts forged in every way we could think of, to see whether the verifier believes one."""
