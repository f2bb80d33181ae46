"""The shared nouns: operations, accounts, outcomes, decisions, and the names of journal facts."""
