"""Tiles (C2SP tlog-tiles): the tree in pieces of 256 hashes, 8 levels high, that never change once full.

Tile `(level, number)` holds the hashes of the tree's level `8 * level` from `256 * number` on. Its right edge
grows: a tile of `width` hashes is the beginning of the wider one, so an old partial tile is cut from a newer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple

from countermand.transparency.tree import EMPTY_ROOT, HASH_BYTES, Node, folded

HEIGHT = 8
WIDTH = 1 << HEIGHT
LEVEL_MAX = 63
ENTRY_BYTES_MAX = 0xFFFF


class Tile(NamedTuple):
    """Which tile, and how many hashes it has at the least."""

    level: int
    number: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Its path below the log's prefix.

        >>> Tile(0, 1234067).path
        'tile/0/x001/x234/067'
        >>> Tile(1, 273, 112).path
        'tile/1/273.p/112'
        """
        return f"tile/{self.level}/{_written(self.number)}{_partial(self.width)}"

    @property
    def entries_path(self) -> str:
        """The path of the entries whose hashes a tile of level 0 holds."""
        return f"tile/entries/{_written(self.number)}{_partial(self.width)}"


def _written(number: int) -> str:
    parts = [f"{number % 1000:03d}"]
    while number := number // 1000:
        parts.append(f"x{number % 1000:03d}")
    return "/".join(reversed(parts))


def _partial(width: int) -> str:
    return "" if width == WIDTH else f".p/{width}"


_PATH = re.compile(r"tile/(entries|[0-7])/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


def tile_at(path: str) -> tuple[Tile, bool] | None:
    """The tile at a path, in its one spelling, and whether its entries are meant; None where it is no path.

    >>> tile_at("tile/1/273.p/112")
    (Tile(level=1, number=273, width=112), False)
    """
    match = _PATH.fullmatch(path)
    if match is None:
        return None
    level = 0 if match[1] == "entries" else int(match[1])
    tile = Tile(level, int(match[2].replace("x", "").replace("/", "")), int(match[3] or WIDTH))
    entries = match[1] == "entries"
    return (tile, entries) if path == (tile.entries_path if entries else tile.path) else None


def tiles_of(size: int, since: int = 0) -> list[Tile]:
    """The tiles of a tree that are new or wider than they were when it had `since` leaves."""
    tiles = []
    for level in range(LEVEL_MAX // HEIGHT + 1):
        hashes, before = size >> HEIGHT * level, since >> HEIGHT * level
        if not hashes:
            break
        for number in range(before // WIDTH, -(-hashes // WIDTH)):
            width = min(WIDTH, hashes - number * WIDTH)
            if number * WIDTH + width > before:
                tiles.append(Tile(level, number, width))
    return tiles


def tile_of(node: Node, size: int) -> Tile:
    """The tile of a tree of this size from which a node's hash is read or folded."""
    level, number = node
    tile_level, height = divmod(level, HEIGHT)
    tile_number = (number << height) // WIDTH
    return Tile(tile_level, tile_number, min(WIDTH, (size >> HEIGHT * tile_level) - tile_number * WIDTH))


def node_in(tile: bytes, node: Node) -> bytes:
    """The hash of a node, from the bytes of its tile. Raises ValueError where the tile is too short."""
    level, number = node
    height = level % HEIGHT
    first = (number << height) % WIDTH
    hashes = [
        tile[HASH_BYTES * place : HASH_BYTES * (place + 1)] for place in range(first, first + (1 << height))
    ]
    if len(hashes[-1]) != HASH_BYTES:
        raise ValueError(f"the tile of node {node} is cut short")
    return perfect(hashes)


def perfect(hashes: Sequence[bytes]) -> bytes:
    """The root of a perfect subtree over as many hashes as a power of two."""
    while len(hashes) > 1:
        # As `node_hash`, without its call: half of all hashes of a log are made here.
        hashes = [
            sha256(b"\x01" + hashes[place] + hashes[place + 1]).digest() for place in range(0, len(hashes), 2)
        ]
    return hashes[0]


def nodes_in(tiles: Mapping[Tile, bytes], nodes: Iterable[Node], size: int) -> dict[Node, bytes]:
    """The hashes of nodes of a tree of this size. Raises KeyError, ValueError: no tile, or one cut short."""
    return {node: node_in(tiles[tile_of(node, size)], node) for node in nodes}


class Edge:
    """The right edge of a growing tree: at each level of tiles the one that is not full. It appends alone."""

    def __init__(self, size: int = 0, partial: Mapping[Tile, bytes] | None = None) -> None:
        """The edge of a tree of `size` leaves, with its partial tiles. Raises KeyError, ValueError."""
        self.size = size
        self._levels: list[list[bytes]] = []
        for level in range(LEVEL_MAX // HEIGHT + 1):
            hashes = size >> HEIGHT * level
            if not hashes:
                break
            number, width = divmod(hashes, WIDTH)
            data = (partial or {})[Tile(level, number, width)] if width else b""
            if len(data) != width * HASH_BYTES:
                raise ValueError(f"tile {level}/{number} is not {width} hashes wide")
            self._levels.append([data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)])

    def append(self, leaves: Iterable[bytes]) -> dict[Tile, bytes]:
        """Add the hashes of leaves; the tiles that are new or wider, with their bytes."""
        written: dict[Tile, bytes] = {}
        since, all_leaves, place = self.size, list(leaves), 0
        while place < len(all_leaves):
            if not self._levels:
                self._levels.append([])
            room = WIDTH - len(self._levels[0])
            some = all_leaves[place : place + room]
            place += room
            last = some.pop() if len(some) == room else None
            self._levels[0] += some
            self.size += len(some)
            if last is not None:
                self._push(0, last, written)
                self.size += 1
        for level, hashes in enumerate(self._levels):
            if hashes and self.size >> HEIGHT * level > since >> HEIGHT * level:
                written[Tile(level, (self.size >> HEIGHT * level) // WIDTH, len(hashes))] = b"".join(hashes)
        return written

    def root(self) -> bytes:
        """The root of the tree as it is now."""
        hashes: list[bytes] = []
        for level in self._levels:
            place, whole = 0, []
            while place < len(level):
                count = 1 << (len(level) - place).bit_length() - 1
                whole.append(perfect(level[place : place + count]))
                place += count
            hashes = whole + hashes
        return folded(hashes) if hashes else EMPTY_ROOT

    def _push(self, level: int, found: bytes, written: dict[Tile, bytes]) -> None:
        if level == len(self._levels):
            self._levels.append([])
        hashes = self._levels[level]
        hashes.append(found)
        if len(hashes) == WIDTH:
            # The leaf that fills it is not counted in `size` yet; it is the last one of this tile.
            number = self.size >> HEIGHT * (level + 1)
            written[Tile(level, number)] = b"".join(hashes)
            self._levels[level] = []
            self._push(level + 1, perfect(hashes), written)


def bundle(entries: Iterable[bytes]) -> bytes:
    """The bytes of `tile/entries/...`: each entry behind its length in two bytes, the higher first."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def unbundled(data: bytes) -> list[bytes]:
    """The entries of a bundle. Raises ValueError where it ends in the middle of one."""
    entries, place = [], 0
    while place < len(data):
        start = place + 2
        place = start + int.from_bytes(data[place:start], "big")
        if place > len(data) or start > len(data):
            raise ValueError("the bundle ends in the middle of an entry")
        entries.append(data[start:place])
    return entries
