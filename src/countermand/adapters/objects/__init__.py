"""Object stores: where sealed evidence lies."""
