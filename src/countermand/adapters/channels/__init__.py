"""The ways in: what stands between the product and the places where people write."""
