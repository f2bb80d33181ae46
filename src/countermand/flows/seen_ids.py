"""Which ids came before, exactly, in twelve bytes an id."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


class SeenIds:
    """Remembers a hash of every id that is on disk, and in which part; the part itself has the last word.

    `known(part, ids)` says which of the ids that part holds; it is asked only where a hash is met again.

    >>> seen = SeenIds(lambda part, ids: {"a", "b"} & set(ids))
    >>> seen.settle(["a", "b"])
    >>> seen.settled(["a", "c"]), seen.add("c"), seen.add("c")
    ({'a'}, True, False)
    """

    def __init__(self, known: Callable[[int, Sequence[str]], set[str]]) -> None:
        self._known = known
        self._fresh: set[str] = set()
        self._parts = 0
        self._blocks: list[tuple[NDArray[np.int64], NDArray[np.int32]]] = []

    def add(self, one: str) -> bool:
        """Whether this id is new among those that are not on disk yet; it is not from now on."""
        before = len(self._fresh)
        self._fresh.add(one)
        return len(self._fresh) > before

    def settled(self, ids: Sequence[str]) -> set[str]:
        """Which of these ids are on disk."""
        hashes = _hashes(ids)
        asked: dict[int, list[str]] = {}
        for block, parts in self._blocks:
            first, last = np.searchsorted(block, hashes, "left"), np.searchsorted(block, hashes, "right")
            for place in np.flatnonzero(last > first).tolist():
                for part in parts[first[place] : last[place]].tolist():
                    asked.setdefault(part, []).append(ids[place])
        return set().union(*(self._known(part, some) for part, some in asked.items()))

    def settle(self, ids: Sequence[str]) -> None:
        """These ids are on disk now, in the next part."""
        hashes = _hashes(ids)
        order = np.argsort(hashes)
        block, parts = hashes[order], np.full(len(hashes), self._parts, np.int32)
        self._parts += 1
        self._fresh.clear()
        # Merged whenever two blocks are about equally long, so there are never many of them.
        while self._blocks and len(self._blocks[-1][0]) <= 2 * len(block):
            other, numbers = self._blocks.pop()
            block, parts = np.concatenate([other, block]), np.concatenate([numbers, parts])
            order = np.argsort(block)
            block, parts = block[order], parts[order]
        self._blocks.append((block, parts))


def _hashes(ids: Sequence[Any]) -> NDArray[np.int64]:
    return np.fromiter(map(hash, ids), np.int64, len(ids))
