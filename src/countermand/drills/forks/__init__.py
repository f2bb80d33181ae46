"""A malicious operator tells two stories of one log; witnesses and a monitor are to find it."""
