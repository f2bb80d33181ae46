"""Bundles as files: the container (ASiC-E), its seal and time stamp, encryption to a court's key (age)."""
