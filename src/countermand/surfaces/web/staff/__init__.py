"""Staff at their own door: they join, sign in, keep what they sign in with, and admins keep the others."""
