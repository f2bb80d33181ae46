"""Ended sessions leave: to whoever trusts our word about a customer's logins."""
