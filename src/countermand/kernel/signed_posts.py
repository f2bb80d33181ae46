"""What a receiver of our posts can check: who sent the body, when, and whether it came before."""

from __future__ import annotations

import hmac
from hashlib import sha256

from countermand.kernel.clock import MICROS_PER_SECOND

TIMESTAMP, SIGNATURE, KEY = "Countermand-Timestamp", "Countermand-Signature", "Idempotency-Key"


def signature(secret: bytes, timestamp: str, body: bytes) -> str:
    """What the receiver compares, in hex: HMAC-SHA256 (RFC 2104) over `timestamp.body`.

    >>> signature(b"secret", "1795233600", b"{}")[:8]
    '26135f12'
    """
    return hmac.digest(secret, f"{timestamp}.".encode() + body, sha256).hex()


def signed_headers(secret: bytes, name: str, body: bytes, now: int) -> dict[str, str]:
    """The headers of a post at an instant (microseconds UTC); sent again, `name` gives the same key."""
    timestamp = str(now // MICROS_PER_SECOND)
    return {
        TIMESTAMP: timestamp,
        SIGNATURE: f"v1={signature(secret, timestamp, body)}",
        KEY: sha256(name.encode()).hexdigest(),
    }
