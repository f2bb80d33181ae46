"""Time-stamping authorities: over HTTP (RFC 3161), and several in order."""
