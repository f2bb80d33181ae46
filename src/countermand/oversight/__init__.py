"""How well the house protects: what is counted about its decisions, and told."""
