"""The HTTP door: a lean lane for decisions, an ordinary application for everything else."""
