"""The Merkle tree of RFC 6962 (RFC 9162 section 2): hashes, which parts a proof takes, and the checks.

A *span* is a range of leaves `(low, high)`. A *node* is `(level, number)`: the perfect subtree over the
leaves from `number << level` to below `(number + 1) << level`. A proof is a list of spans, a span is a list
of nodes, and nodes are what tiles hold: one description for a tree in memory, in rows or in files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()

Span = tuple[int, int]
Node = tuple[int, int]


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(0x00 || entry)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


def nodes_of(span: Span) -> list[Node]:
    """The perfect subtrees that make up a span, left to right, of a span that a proof takes.

    >>> nodes_of((0, 7))
    [(2, 0), (1, 2), (0, 6)]
    """
    low, high = span
    nodes = []
    while low < high:
        level = (high - low).bit_length() - 1
        if low:
            level = min(level, (low & -low).bit_length() - 1)
        nodes.append((level, low >> level))
        low += 1 << level
    return nodes


def folded(hashes: Sequence[bytes]) -> bytes:
    """The hash of a span from those of its nodes, left to right."""
    right = hashes[-1]
    for left in reversed(hashes[:-1]):
        right = node_hash(left, right)
    return right


def hash_of(span: Span, hashes: Mapping[Node, bytes]) -> bytes:
    """The hash of a span, from a map that has its nodes."""
    return folded([hashes[node] for node in nodes_of(span)])


def root_span(size: int) -> list[Span]:
    """The span of a whole tree; none where the tree is empty, whose root is `EMPTY_ROOT`."""
    return [(0, size)] if size else []


def inclusion_spans(index: int, size: int) -> list[Span]:
    """What an inclusion proof of a leaf takes, in the order of the proof (RFC 9162 section 2.1.3.1).

    Raises ValueError for a leaf that is not in a tree of this size.

    >>> inclusion_spans(3, 7)
    [(2, 3), (0, 2), (4, 7)]
    """
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    spans: list[Span] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            spans.append((middle, high))
            high = middle
        else:
            spans.append((low, middle))
            low = middle
    return spans[::-1]


def consistency_spans(old: int, new: int) -> list[Span]:
    """What a consistency proof takes, in the order of the proof (RFC 9162 section 2.1.4.1).

    Raises ValueError unless `0 < old <= new`.

    >>> consistency_spans(3, 7)
    [(2, 3), (3, 4), (0, 2), (4, 7)]
    """
    if not 0 < old <= new:
        raise ValueError(f"no proof leads from a tree of {old} to one of {new}")
    spans: list[Span] = []
    low, high, whole = 0, new, True
    while old != high:
        middle = low + _split(high - low)
        if old <= middle:
            spans.append((middle, high))
            high = middle
        else:
            spans.append((low, middle))
            low, whole = middle, False
    if not whole:
        spans.append((low, high))
    return spans[::-1]


def _split(size: int) -> int:
    """The largest power of two below a size."""
    return 1 << (size - 1).bit_length() - 1


def root_by_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes | None:
    """The root that a proof leads to (RFC 9162 section 2.1.3.2); None where the proof has another length."""
    if not 0 <= index < size:
        return None
    number, last, found = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return None
        if number & 1 or number == last:
            found = node_hash(step, found)
            while not number & 1 and number:
                number >>= 1
                last >>= 1
        else:
            found = node_hash(found, step)
        number >>= 1
        last >>= 1
    return found if last == 0 else None


def consistent(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether a proof shows that the new tree only adds to the old one (RFC 9162 section 2.1.4.2).

    A tree of no leaves is consistent with nothing here: it says nothing that could be kept.
    """
    if not 0 < old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    steps = list(proof)
    if old & (old - 1) == 0:
        steps.insert(0, old_root)
    if not steps:
        return False
    number, last = old - 1, new - 1
    while number & 1:
        number >>= 1
        last >>= 1
    found_old = found_new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if number & 1 or number == last:
            found_old, found_new = node_hash(step, found_old), node_hash(step, found_new)
            while not number & 1 and number:
                number >>= 1
                last >>= 1
        else:
            found_new = node_hash(found_new, step)
        number >>= 1
        last >>= 1
    return last == 0 and found_old == old_root and found_new == new_root
