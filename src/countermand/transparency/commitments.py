"""Commitments: an entry binds a value without showing it, and nobody guesses it who lacks the salt.

A commitment is HMAC-SHA256(salt, JCS(value)) with a salt of 32 random bytes of its own (RFC 2104). A plain
hash of a telephone number is the number to anyone with an afternoon; this is not. Destroying the salt makes
the commitment mean nothing for ever, and every proof stays valid.
"""

from __future__ import annotations

import hmac
from typing import Any, NamedTuple

from countermand.transparency import jcs

SALT_BYTES = 32
_SALTS = b"countermand/salt/v1\0"


def salt_of(key: bytes, *label: str) -> bytes:
    """The salt of one committed value, 32 bytes, from a key of 32 bytes and what names the value.

    HMAC-SHA256 over the parts of the label, each behind its length (RFC 5869 calls this step Expand): salts
    need not be kept, and are gone when their key is.

    >>> salt_of(bytes(32), "in-1", "text") == salt_of(bytes(32), "in-1t", "ext")
    False
    """
    parts = [part.encode() for part in label]
    return hmac.digest(key, _SALTS + b"".join(len(one).to_bytes(4, "big") + one for one in parts), "sha256")


class Opening(NamedTuple):
    """What its holder needs to show a committed value: the value, and 32 bytes of salt."""

    value: Any
    salt: bytes

    def opens(self, commitment: str) -> bool:
        """Whether this is the value behind a commitment. Raises ValueError for a value with no JCS form."""
        return hmac.compare_digest(committed(self.value, self.salt).encode(), commitment.encode())


def committed(value: Any, salt: bytes) -> str:
    """The commitment, in hex. Raises ValueError for a value with no JCS form, or a salt of another length.

    >>> committed("13800000001", bytes(32))[:16]
    '74c6a65c31b079b4'
    """
    return committed_bytes(jcs.canonical(value), salt)


def committed_bytes(data: bytes, salt: bytes) -> str:
    """The commitment to bytes as they are, such as a file or a message as it came in."""
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes, not {len(salt)}")
    return hmac.digest(salt, data, "sha256").hex()
