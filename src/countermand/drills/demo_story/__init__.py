"""The demo's story: a theft that comes to nothing, act by act, in which whoever watches may take part."""
