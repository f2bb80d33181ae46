"""A log for tests, in memory and with a key: it can grow, and it can tell two stories."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from countermand.transparency.checkpoints import Checkpoint
from countermand.transparency.forks import hashes_between, nodes_between
from countermand.transparency.notes import ED25519, Note, Signature, VerifierKey
from countermand.transparency.tree import (
    EMPTY_ROOT,
    Node,
    consistency_spans,
    hash_of,
    leaf_hash,
    node_hash,
    root_span,
)

ORIGIN = "bank.example/countermand/t1/2026"


class MemoryLog:
    """Leaves, the hash of any node of the tree at any size, and notes over it."""

    def __init__(self, entries: Iterable[bytes] = (), origin: str = ORIGIN, seed: bytes = bytes(32)) -> None:
        self.leaves = [leaf_hash(entry) for entry in entries]
        self.origin, self._private = origin, Ed25519PrivateKey.from_private_bytes(seed)
        self.key = VerifierKey(origin, ED25519, self._private.public_key().public_bytes_raw())
        self._hashes: dict[Node, bytes] = {}

    def append(self, *entries: bytes) -> None:
        """More leaves."""
        self.leaves += [leaf_hash(entry) for entry in entries]

    def fork(self, size: int, *entries: bytes) -> MemoryLog:
        """Another story with the same key: the first `size` leaves, and then others."""
        other = MemoryLog((), self.origin, self._private.private_bytes_raw())
        other.leaves = self.leaves[:size]
        other.append(*entries)
        return other

    def hash(self, node: Node) -> bytes:
        """The hash of a node."""
        if node not in self._hashes:
            level, number = node
            self._hashes[node] = (
                node_hash(self.hash((level - 1, 2 * number)), self.hash((level - 1, 2 * number + 1)))
                if level
                else self.leaves[number]
            )
        return self._hashes[node]

    def __contains__(self, node: Node) -> bool:
        return (node[1] + 1) << node[0] <= len(self.leaves)

    def __getitem__(self, node: Node) -> bytes:
        return self.hash(node)

    def root(self, size: int | None = None) -> bytes:
        """The root at a size."""
        spans = root_span(len(self.leaves) if size is None else size)
        return hash_of(spans[0], self) if spans else EMPTY_ROOT  # type: ignore[arg-type]

    def checkpoint(self, size: int | None = None) -> Checkpoint:
        """What it says of itself at a size."""
        size = len(self.leaves) if size is None else size
        return Checkpoint(self.origin, size, self.root(size))

    def note(self, size: int | None = None) -> Note:
        """The signed checkpoint at a size."""
        return self.sign(self.checkpoint(size).text)

    def sign(self, text: str) -> Note:
        """Any text under the log's own signature."""
        return Note(text, (Signature(self.origin, self.key.id, self._private.sign(text.encode())),))

    def proof(self, old: int, new: int) -> list[bytes]:
        """The consistency proof between two of its sizes."""
        return [hash_of(span, self) for span in consistency_spans(old, new)] if old else []  # type: ignore[arg-type]

    def nodes(self, old: int, new: int) -> tuple[bytes, ...]:
        """What shows how the tree of size `new` began."""
        return hashes_between(old, new, {node: self.hash(node) for node in nodes_between(old, new)})


def base64_of(line: str) -> bytes:
    """What is behind a signature line's name."""
    return b64decode(line.rsplit(" ", 1)[1])
