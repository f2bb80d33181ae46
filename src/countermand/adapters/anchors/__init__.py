"""Public chains that digests are written into: those that speak the EVM's JSON-RPC."""
