"""The page that checks receipts in a browser, offline: one file, no network."""
