"""The log's signer: what it keeps on disk, the socket it listens on, and who calls it there."""
