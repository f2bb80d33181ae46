"""Address ranges in flat arrays: filled once, then searched by bisection."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_NETWORKS_16 = 1 << 16
_LOW_64_BITS = (1 << 64) - 1

Range = tuple[int, int, int]


class Ranges32:
    """IPv4 ranges, both ends included, each with a value of 32 bits.

    Public tables overlap and even contradict themselves. The range that starts last holds, of those the
    shortest (what is said about a part is more exact than about the whole), of equal ones the last given.
    """

    __slots__ = ("_heads", "ends", "starts", "values")

    def __init__(self, starts: array[int], ends: array[int], values: array[int]) -> None:
        rows = np.array([starts, ends, values], dtype=np.int64).reshape(3, -1)
        order = np.lexsort((-rows[1], rows[0]))
        rows = rows[:, order]
        if bool(np.any(rows[0, 1:] <= rows[1, :-1])):
            rows = np.array(list(_disjoint(zip(*rows.tolist(), strict=True))), dtype=np.int64).T
        self.starts = _flat(rows[0])
        self.ends = _flat(rows[1])
        self.values = _flat(rows[2])
        # Where each /16 begins, so that a search walks four or five steps and not nineteen.
        self._heads = _flat(np.searchsorted(rows[0], np.arange(_NETWORKS_16 + 1) << 16))

    def find(self, number: int) -> int:
        """The value at an address, or -1."""
        network = number >> 16
        position = bisect_right(self.starts, number, self._heads[network], self._heads[network + 1]) - 1
        if position < 0 or self.ends[position] < number:
            return -1
        return self.values[position]


class Ranges128:
    """IPv6 ranges with the same promise as Ranges32; addresses lie in two halves of 64 bits."""

    __slots__ = ("ends_high", "ends_low", "starts_high", "starts_low", "values")

    def __init__(self, starts: Sequence[int], ends: Sequence[int], values: Sequence[int]) -> None:
        order = sorted(range(len(starts)), key=lambda row: (starts[row], -ends[row]))
        rows = list(_disjoint((starts[row], ends[row], values[row]) for row in order))
        self.starts_high = array("Q", (start >> 64 for start, _, _ in rows))
        self.starts_low = array("Q", (start & _LOW_64_BITS for start, _, _ in rows))
        self.ends_high = array("Q", (end >> 64 for _, end, _ in rows))
        self.ends_low = array("Q", (end & _LOW_64_BITS for _, end, _ in rows))
        self.values = array("I", (value for _, _, value in rows))

    def find(self, number: int) -> int:
        """The value at an address, or -1."""
        high, low = number >> 64, number & _LOW_64_BITS
        first = bisect_left(self.starts_high, high)
        behind = bisect_right(self.starts_high, high, first)
        position = bisect_right(self.starts_low, low, first, behind) - 1
        if position < 0 or (self.ends_high[position], self.ends_low[position]) < (high, low):
            return -1
        return self.values[position]


def _disjoint(rows: Iterable[Range]) -> Iterable[Range]:
    """The parts in which each row holds; rows come by start, then longest first.

    >>> list(_disjoint([(0, 9, 1), (2, 3, 2)]))
    [(0, 1, 1), (2, 3, 2), (4, 9, 1)]
    """
    open_rows: list[tuple[int, int]] = []
    at = 0
    for start, end, value in rows:
        while open_rows and open_rows[-1][0] < start:
            closed_end, closed_value = open_rows.pop()
            if at <= closed_end:
                yield at, closed_end, closed_value
                at = closed_end + 1
        if open_rows and at < start:
            yield at, start - 1, open_rows[-1][1]
        at = start
        open_rows.append((end, value))
    while open_rows:
        closed_end, closed_value = open_rows.pop()
        if at <= closed_end:
            yield at, closed_end, closed_value
            at = closed_end + 1


def _flat(column: NDArray[Any]) -> array[int]:
    return array("I", column.astype(np.uint32).tobytes())
