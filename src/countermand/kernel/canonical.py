"""One byte form for one meaning: sorted keys, no blanks, UTF-8 (the integer subset of RFC 8785)."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

_ENCODER = msgspec.json.Encoder(order="deterministic")


def canonical_bytes(value: Any) -> bytes:
    """JSON with sorted keys and no white space.

    >>> canonical_bytes({"b": 1, "a": "银"}).decode()
    '{"a":"银","b":1}'
    """
    return _ENCODER.encode(value)


def digest(data: bytes) -> bytes:
    """SHA-256, 32 bytes (FIPS 180-4)."""
    return hashlib.sha256(data).digest()
