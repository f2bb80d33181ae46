"""Proofs read from tiles: which tiles to fetch, and what they say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from countermand.transparency.tiles import Tile, nodes_in, tile_of
from countermand.transparency.tree import Span, consistency_spans, hash_of, inclusion_spans, nodes_of


def tiles_for(spans: Sequence[Span], size: int) -> set[Tile]:
    """The tiles of a tree of this size that hold what these spans take."""
    return {tile_of(node, size) for span in spans for node in nodes_of(span)}


def read_from(tiles: Mapping[Tile, bytes], spans: Sequence[Span], size: int) -> list[bytes]:
    """The hash of each span. Raises KeyError, ValueError: a tile lacks, or is cut short."""
    known = nodes_in(tiles, (node for span in spans for node in nodes_of(span)), size)
    return [hash_of(span, known) for span in spans]


def consistency_or_nothing(old: int, new: int) -> list[Span]:
    """What a proof of consistency takes; nothing from an empty tree, which leads everywhere."""
    return consistency_spans(old, new) if old else []


__all__ = ["consistency_or_nothing", "inclusion_spans", "read_from", "tiles_for"]
