"""A small log in memory with keys and witnesses of its own: what a receipt is made from, and checked by."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from countermand.transparency.checkpoints import Checkpoint
from countermand.transparency.notes import (
    COSIGNED_ED25519,
    COSIGNED_ML_DSA_44,
    ED25519,
    Note,
    Signature,
    VerifierKey,
    cosigned,
    subtree_message,
    timed,
)
from countermand.transparency.proofs import LogProof
from countermand.transparency.tree import (
    EMPTY_ROOT,
    Span,
    consistency_spans,
    inclusion_spans,
    leaf_hash,
    node_hash,
)
from countermand.transparency.trust import Group, TrustPolicy

ORIGIN = "bank.example/countermand/main/2026"
SECONDS = 1_795_000_000


class MemoryLog:
    """Entries in order; `note` signs the whole of them, with as many of its three witnesses as it is told."""

    def __init__(self, seed: int = 1, origin: str = ORIGIN) -> None:
        chance = Random(seed)
        self.origin = origin
        self.entries: list[bytes] = []
        self.seconds = SECONDS
        self._key = Ed25519PrivateKey.from_private_bytes(chance.randbytes(32))
        self._later_key = MLDSA44PrivateKey.from_seed_bytes(chance.randbytes(32))
        self.key = VerifierKey(origin, ED25519, self._key.public_key().public_bytes_raw())
        self.later_key = VerifierKey(
            origin, COSIGNED_ML_DSA_44, self._later_key.public_key().public_bytes_raw()
        )
        self._witnesses = {f"w{number}": Ed25519PrivateKey.from_private_bytes(chance.randbytes(32))
                           for number in (1, 2, 3)}  # fmt: skip
        self.witnesses = {
            name: VerifierKey(
                f"witness.example/{name}", COSIGNED_ED25519, key.public_key().public_bytes_raw()
            )
            for name, key in self._witnesses.items()
        }

    def append(self, entry: bytes) -> int:
        """Its index."""
        self.entries.append(entry)
        return len(self.entries) - 1

    @property
    def policy(self) -> TrustPolicy:
        """Both keys of the log, and two of its three witnesses."""
        group = Group(2, tuple(self.witnesses))
        return TrustPolicy((self.key, self.later_key), self.witnesses, {"two": group}, "two")

    def note(self, *witnesses: str, size: int | None = None) -> Note:
        """The checkpoint of the first `size` entries, signed by the log and these witnesses."""
        size = len(self.entries) if size is None else size
        text = Checkpoint(self.origin, size, self._hash((0, size))).text
        message = subtree_message(self.origin, text, self.seconds)
        assert message is not None, "it is a checkpoint"
        later = timed(self.seconds, self._later_key.sign(message))
        lines = [
            Signature(self.origin, self.key.id, self._key.sign(text.encode())),
            Signature(self.origin, self.later_key.id, later),
        ]
        for name in witnesses:
            key, made = self.witnesses[name], self._witnesses[name].sign(cosigned(text, self.seconds))
            lines.append(Signature(key.name, key.id, timed(self.seconds, made)))
        return Note(text, tuple(lines))

    def proof(self, index: int, note: Note) -> LogProof:
        """Where an entry stands in the tree of a note."""
        size = Checkpoint.of_note(note).size
        return LogProof(index, tuple(self._hash(span) for span in inclusion_spans(index, size)), note)

    def consistency(self, old: int, new: int) -> list[bytes]:
        """What shows that the tree of `new` entries only adds to that of `old`."""
        return [self._hash(span) for span in consistency_spans(old, new)]

    def _hash(self, span: Span) -> bytes:
        return _tree_hash([leaf_hash(entry) for entry in self.entries[slice(*span)]])


def _tree_hash(leaves: Sequence[bytes]) -> bytes:
    """By the definition (RFC 9162 section 2.1.1), not by the code that it checks."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return node_hash(_tree_hash(leaves[:split]), _tree_hash(leaves[split:]))
