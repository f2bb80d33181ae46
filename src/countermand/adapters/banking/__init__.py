"""Core banking: over the documented HTTP contract, and simulated with a ledger of its own."""
