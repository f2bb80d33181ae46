"""Rules of a case: its state, its number, its clocks, who handles it, and what it takes to close it."""
