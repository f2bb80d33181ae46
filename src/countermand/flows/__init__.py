"""The stories: one file each; gather, decide, record, commit, answer."""
