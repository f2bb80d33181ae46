"""Stopping what a customer never wanted: orders, plans, previews, and the way back."""
