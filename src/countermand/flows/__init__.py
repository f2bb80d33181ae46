<<<<<<< HEAD
"""The stories: one file each; gather, decide, record, commit, answer."""
=======
"""One file, one story: what the house does, told in the order in which it happens."""
>>>>>>> cli
