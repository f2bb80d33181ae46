"""What follows from a report: the case, and the clocks that run on it."""
