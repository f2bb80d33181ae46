"""Faults planted in real policies, one at a time, to see whether the static analyser finds them."""
