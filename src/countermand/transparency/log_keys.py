"""The keys that a log signs its checkpoints with: one made of curves, one that outlives quantum computers."""

from __future__ import annotations

from functools import cached_property

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from countermand.transparency.checkpoints import Checkpoint
from countermand.transparency.notes import (
    COSIGNED_ML_DSA_44,
    ED25519,
    Note,
    Signature,
    VerifierKey,
    subtree_message,
    timed,
)

SEED_BYTES = 32
# In the order of their lines under a note.
KINDS = (ED25519, COSIGNED_ML_DSA_44)


class LogKey:
    """A private key under the name of a log's origin, from its 32 bytes of seed (RFC 8032, FIPS 204)."""

    def __init__(self, origin: str, kind: int, seed: bytes) -> None:
        if len(seed) != SEED_BYTES or kind not in KINDS:
            raise ValueError(f"a key of kind {kind:#04x} is not made of {len(seed)} bytes")
        self._origin, self._kind, self._seed = origin, kind, seed

    @cached_property
    def _private(self) -> Ed25519PrivateKey | MLDSA44PrivateKey:
        if self._kind == ED25519:
            return Ed25519PrivateKey.from_private_bytes(self._seed)
        return MLDSA44PrivateKey.from_seed_bytes(self._seed)

    @cached_property
    def verifier(self) -> VerifierKey:
        """The public key."""
        return VerifierKey(self._origin, self._kind, self._private.public_key().public_bytes_raw())

    def signed(self, checkpoint: Checkpoint, seconds: int) -> Signature:
        """The line under a checkpoint. Only the ML-DSA-44 one says the time, in POSIX seconds."""
        key = self.verifier
        if self._kind == ED25519:
            return Signature(key.name, key.id, self._private.sign(checkpoint.text.encode()))
        message = subtree_message(key.name, checkpoint.text, seconds)
        if message is None:
            raise ValueError("the checkpoint has a part that is too long to sign")
        return Signature(key.name, key.id, timed(seconds, self._private.sign(message)))


def note_of(checkpoint: Checkpoint, keys: list[LogKey], seconds: int) -> Note:
    """The checkpoint, signed by each of the keys."""
    return Note(checkpoint.text, tuple(key.signed(checkpoint, seconds) for key in keys))
