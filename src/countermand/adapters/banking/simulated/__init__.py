"""A core banking system with a ledger of its own on disk: for the demo, the drills and the tests."""
