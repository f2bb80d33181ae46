"""What an audit finds, and of several things that contradict each other the one that is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from countermand.transparency.tree import leaf_hash
from countermand.vocabulary.auditing import Finding
from countermand.vocabulary.sealing import AuditRow, AuditShard

Named = Callable[[AuditShard, str, object], tuple[str, str]]


@dataclass(slots=True)
class AuditReport:
    """How much was checked, and what is wrong first; None where all is well."""

    shards: int = 0
    entries: int = 0
    tiles: int = 0
    checkpoints: int = 0
    finding: Finding | None = field(default=None)


def first_difference(found: bytes, right: bytes) -> int | None:
    """The first byte in which they differ; None where they are equal.

    >>> first_difference(b"abc", b"abd"), first_difference(b"ab", b"abc"), first_difference(b"a", b"a")
    (2, 2, None)
    """
    if found == right:
        return None
    for place, (one, other) in enumerate(zip(found, right, strict=False)):
        if one != other:
            return place
    return min(len(found), len(right))


def whose_fault(named: Named, shard: AuditShard, row: AuditRow, expected: bytes, tile: bytes) -> Finding:
    """Of journal, entry, leaf and tile the one that the others outvote."""
    body = leaf_hash(row.entry)
    if expected == row.entry:
        byte = first_difference(row.leaf or b"", body)
        return Finding.of(
            named(shard, "leaf", row.number), f"byte {byte} is not as it was", f"第 {byte} 字节与原来不同"
        )
    if body in (row.leaf, tile):
        byte = first_difference(expected, row.entry)
        return Finding.of(
            named(shard, "journal", row.seq),
            f"the line is not the one that was sealed, from byte {byte} of its entry on",
            f"该行与封存时不同，自其条目第 {byte} 字节起",
        )
    if leaf_hash(expected) in (row.leaf, tile):
        byte = first_difference(row.entry, expected)
        return Finding.of(
            named(shard, "entry", row.number), f"byte {byte} is not as it was", f"第 {byte} 字节与原来不同"
        )
    return Finding.of(
        named(shard, "entry", row.number), "neither leaf nor journal agree with it", "与叶子及日记账均不符"
    )
