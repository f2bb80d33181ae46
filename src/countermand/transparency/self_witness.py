"""What keeps the signer honest with itself: it signs only what its own last word leads to.

A database that was restored from a backup asks to sign a smaller tree, or another one. Signing it would make
two histories under one name, so the signer keeps the last tree itself, and believes nothing but proofs.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from countermand.transparency.tree import HASH_BYTES, consistent


class Tree(NamedTuple):
    """A tree at one size; of size 0 the root is nothing."""

    size: int
    root: bytes


class Verdict(Enum):
    """What becomes of a request."""

    SIGN = "sign"
    AGAIN = "again"
    OTHER_SIZE = "other_size"
    INCONSISTENT = "inconsistent"


def judged(last: Tree, asked: Tree, old: int, proof: Sequence[bytes]) -> Verdict:
    """Whether to sign a tree after the last one, by a proof that leads from size `old` to it.

    >>> judged(Tree(0, b""), Tree(1, bytes(32)), 0, [])
    <Verdict.SIGN: 'sign'>
    >>> judged(Tree(2, bytes(32)), Tree(1, bytes(32)), 1, [])
    <Verdict.OTHER_SIZE: 'other_size'>
    """
    if asked.size < 1 or len(asked.root) != HASH_BYTES:
        return Verdict.INCONSISTENT
    if asked.size == last.size:
        return Verdict.AGAIN if asked.root == last.root else Verdict.INCONSISTENT
    if asked.size < last.size or old != last.size:
        return Verdict.OTHER_SIZE
    if last.size == 0:
        return Verdict.INCONSISTENT if proof else Verdict.SIGN
    whole = consistent(last.size, last.root, asked.size, asked.root, proof)
    return Verdict.SIGN if whole else Verdict.INCONSISTENT
