"""Feature stores: the windows of a policy, kept where a decision can read them at once."""
