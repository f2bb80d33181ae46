"""A log that told two stories: what proves it, in one file that anybody checks without asking anybody.

Two notes that one log signed contradict each other where their trees have one size and two roots, or where
the larger tree, as its own nodes show, began differently than the smaller one says.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from countermand.transparency.checkpoints import Checkpoint
from countermand.transparency.notes import Note, NoteError, VerifierKey, decoded, parse_note, verify_note
from countermand.transparency.tree import (
    HASH_BYTES,
    Node,
    Span,
    consistency_spans,
    hash_of,
    node_hash,
    nodes_of,
)

HEADER = "countermand/fraud-proof@v1"
NODES_MAX = 64
_RULE = "\n=====\n"
_WORDS = (
    "# The same log signed both notes below, and they cannot both be true.\n"
    "# 以下两份检查点由同一日志签署，却不可能同时为真。\n"
)


class FraudProof(NamedTuple):
    """Two notes, the smaller tree first, and the larger one's nodes: none where both have one size."""

    nodes: tuple[bytes, ...]
    older: Note
    newer: Note

    def __str__(self) -> str:
        head = "\n".join([HEADER, *(b64encode(node).decode() for node in self.nodes)])
        return f"{_WORDS}{head}{_RULE}{str(self.older)[:-1]}{_RULE}{self.newer}"

    def holds(self, keys: Collection[VerifierKey]) -> bool:
        """Whether it convicts the log of these keys. What is malformed or unsigned convicts nobody."""
        try:
            older, newer = Checkpoint.of_note(self.older), Checkpoint.of_note(self.newer)
            own = [key for key in keys if key.name == older.origin]
            verify_note(self.older, own)
            verify_note(self.newer, own)
        except NoteError:
            return False
        if older.origin != newer.origin or not 0 < older.size <= newer.size:
            return False
        if older.size == newer.size:
            return older.root != newer.root
        began = beginnings(older.size, newer.size, self.nodes)
        return began is not None and began[1] == newer.root and began[0] != older.root

    @classmethod
    def parse(cls, data: bytes) -> FraudProof:
        """The proof in a file. Raises NoteError: `fraud_proof_malformed`, `note_malformed`."""
        try:
            parts = data.decode().split(_RULE)
        except UnicodeDecodeError as error:
            raise NoteError("fraud_proof_malformed", "the proof is not UTF-8") from error
        lines = [line for line in parts[0].split("\n") if not line.startswith("#")]
        if len(parts) != 3 or lines[0] != HEADER or len(lines) > 1 + NODES_MAX:
            raise NoteError("fraud_proof_malformed", f"a fraud proof is {HEADER}, nodes, and two notes")
        nodes = tuple(decoded(line) for line in lines[1:])
        if any(len(node) != HASH_BYTES for node in nodes):
            raise NoteError("fraud_proof_malformed", "a node is not a SHA-256 hash")
        return cls(nodes, parse_note(f"{parts[1]}\n".encode()), parse_note(parts[2].encode()))


def spans_between(old: int, new: int) -> list[Span]:
    """The spans of the larger tree that show what it began with: a consistency proof, and where it starts.

    >>> spans_between(4, 7)
    [(0, 4), (4, 7)]
    """
    spans = consistency_spans(old, new)
    return [(0, old), *spans] if old & (old - 1) == 0 else spans


def nodes_between(old: int, new: int) -> list[Node]:
    """The nodes of the larger tree that those spans are made of."""
    return [node for span in spans_between(old, new) for node in nodes_of(span)]


def hashes_between(old: int, new: int, hashes: Mapping[Node, bytes]) -> tuple[bytes, ...]:
    """The hashes of those spans, from a map that has their nodes. Raises KeyError."""
    return tuple(hash_of(span, hashes) for span in spans_between(old, new))


def beginnings(old: int, new: int, nodes: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """The roots, at the old size and the new, of the one tree with these nodes (RFC 9162 section 2.1.4.2).

    None where there are not as many nodes as the sizes ask for. That the new root is the right one makes the
    nodes those of its tree: then the old root is what that tree had at the old size, whoever sent them.
    """
    if not 0 < old < new or len(nodes) != len(spans_between(old, new)):
        return None
    number, last = old - 1, new - 1
    while number & 1:
        number >>= 1
        last >>= 1
    found_old = found_new = nodes[0]
    for node in nodes[1:]:
        if number & 1 or number == last:
            found_old, found_new = node_hash(node, found_old), node_hash(node, found_new)
            while not number & 1 and number:
                number >>= 1
                last >>= 1
        else:
            found_new = node_hash(found_new, node)
        number >>= 1
        last >>= 1
    return found_old, found_new


def contradiction(one: Note, other: Note, nodes: Sequence[bytes] | None = None) -> FraudProof | None:
    """The proof that two notes of one log contradict each other, from the larger tree's nodes, or None.

    Without nodes only two of one size can be told apart. Raises NoteError `checkpoint_malformed`.
    """
    older, newer = sorted((one, other), key=lambda note: Checkpoint.of_note(note).size)
    small, large = Checkpoint.of_note(older), Checkpoint.of_note(newer)
    if small.size == large.size:
        return FraudProof((), older, newer) if small.root != large.root else None
    began = None if nodes is None else beginnings(small.size, large.size, nodes)
    if nodes is None or began is None or began[1] != large.root or began[0] == small.root:
        return None
    return FraudProof(tuple(nodes), older, newer)
