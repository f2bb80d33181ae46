"""Engines that run a policy's SQL over a facts table."""
