"""A log in memory with a key: it can grow, and it can tell another story from any size on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

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


class _Hashes(Mapping[Node, bytes]):
    """The hash of every perfect subtree over leaves, each computed once."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.leaves = leaves
        self._known: dict[Node, bytes] = {}

    def __getitem__(self, node: Node) -> bytes:
        level, number = node
        if (number + 1) << level > len(self.leaves):
            raise KeyError(node)
        if not level:
            return self.leaves[number]
        if node not in self._known:
            self._known[node] = node_hash(self[level - 1, 2 * number], self[level - 1, 2 * number + 1])
        return self._known[node]

    def __len__(self) -> int:
        return len(self._known)

    def __iter__(self) -> Iterator[Node]:
        return iter(self._known)


class MemoryLog:
    """Leaves, the hash of any node of the tree, notes and proofs over it at every size it has or had."""

    def __init__(self, entries: Iterable[bytes] = (), origin: str = ORIGIN, seed: bytes = bytes(32)) -> None:
        self.origin, self._private = origin, Ed25519PrivateKey.from_private_bytes(seed)
        self.key = VerifierKey(origin, ED25519, self._private.public_key().public_bytes_raw())
        self.hashes = _Hashes([leaf_hash(entry) for entry in entries])

    @property
    def size(self) -> int:
        """How many leaves it has."""
        return len(self.hashes.leaves)

    def append(self, *entries: bytes) -> None:
        """More leaves."""
        self.hashes.leaves += [leaf_hash(entry) for entry in entries]

    def fork(self, size: int, *entries: bytes) -> MemoryLog:
        """Another story with the same key: the first `size` leaves, and then others."""
        other = MemoryLog((), self.origin, self._private.private_bytes_raw())
        other.hashes.leaves += self.hashes.leaves[:size]
        other.append(*entries)
        return other

    def root(self, size: int | None = None) -> bytes:
        """The root at a size."""
        spans = root_span(self.size if size is None else size)
        return hash_of(spans[0], self.hashes) if spans else EMPTY_ROOT

    def checkpoint(self, size: int | None = None) -> Checkpoint:
        """What it says of itself at a size."""
        size = self.size if size is None else size
        return Checkpoint(self.origin, size, self.root(size))

    def note(self, size: int | None = None) -> Note:
        """The signed checkpoint at a size."""
        return self.sign(self.checkpoint(size).text)

    def sign(self, text: str) -> Note:
        """Any text under the log's own signature."""
        return Note(text, (Signature(self.origin, self.key.id, self._private.sign(text.encode())),))

    def proof(self, old: int, new: int) -> list[bytes]:
        """The consistency proof between two of its sizes; from nothing, none."""
        return [hash_of(span, self.hashes) for span in consistency_spans(old, new)] if old else []

    def nodes(self, old: int, new: int) -> tuple[bytes, ...]:
        """What shows how the tree of size `new` began."""
        return hashes_between(old, new, {node: self.hashes[node] for node in nodes_between(old, new)})
