"""The other side of the comparisons: what a team without Countermand would write."""
