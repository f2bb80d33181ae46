"""Window aggregates over arrays sorted by (key, instant, recording), compiled by numba: one pass each.

Every function takes segments `starts` (one more than there are keys) and arrays in that order, and fills
`out` for each place. `first` and `last` (see `window_ends`) tell how far a window reaches: places
[first, last) of its segment.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

Array = Any


@njit(cache=True, nogil=True)
def grouped(codes: Array, keys: int) -> tuple[Array, Array]:
    """A stable order of the rows by key, and where each key starts; rows without key (-1) stay out."""
    starts = np.zeros(keys + 1, np.int64)
    for code in codes:
        if code >= 0:
            starts[code + 1] += 1
    for key in range(keys):
        starts[key + 1] += starts[key]
    order = np.empty(starts[keys], np.int64)
    free = starts[:-1].copy()
    for row in range(len(codes)):
        if codes[row] >= 0:
            order[free[codes[row]]] = row
            free[codes[row]] += 1
    return order, starts


@njit(cache=True, nogil=True)
def overtaken(starts: Array, seq: Array, out: Array) -> None:
    """Where something in front of a place was recorded after it."""
    for key in range(len(starts) - 1):
        newest = np.int64(-(2**62))
        for place in range(starts[key], starts[key + 1]):
            newest = max(newest, seq[place])
            out[place] = newest > seq[place]


@njit(cache=True, nogil=True)
def window_ends(
    starts: Array, at: Array, micros: int, delay: int, own: bool, first: Array, last: Array
) -> None:
    """The places [first, last) of each window; with ties in the order of recording."""
    for key in range(len(starts) - 1):
        low = high = starts[key]
        for place in range(starts[key], starts[key + 1]):
            end = at[place] - delay
            while low <= place and at[low] <= end - micros:
                low += 1
            if delay:
                while high < place and at[high] <= end:
                    high += 1
            else:
                high = place + 1 if own else place
            first[place] = min(low, high)
            last[place] = high


@njit(cache=True, nogil=True)
def totals(starts: Array, values: Array, first: Array, last: Array, out: Array) -> None:
    """Sums of `values`, which are 0 where nothing counts."""
    for key in range(len(starts) - 1):
        low = high = starts[key]
        total = np.int64(0)
        for place in range(starts[key], starts[key + 1]):
            while high < last[place]:
                total += values[high]
                high += 1
            while low < first[place]:
                total -= values[low]
                low += 1
            out[place] = total


@njit(cache=True, nogil=True)
def different(starts: Array, codes: Array, first: Array, last: Array, seen: Array, out: Array) -> None:
    """How many different codes; -1 does not count. `seen` has a zero for every code, and keeps them."""
    for key in range(len(starts) - 1):
        low = high = starts[key]
        count = np.int64(0)
        for place in range(starts[key], starts[key + 1]):
            while high < last[place]:
                if codes[high] >= 0:
                    count += seen[codes[high]] == 0
                    seen[codes[high]] += 1
                high += 1
            while low < first[place]:
                if codes[low] >= 0:
                    seen[codes[low]] -= 1
                    count -= seen[codes[low]] == 0
                low += 1
            out[place] = count
        for place in range(low, high):
            if codes[place] >= 0:
                seen[codes[place]] -= 1


@njit(cache=True, nogil=True)
def extremes(
    starts: Array, values: Array, known: Array, first: Array, last: Array, largest: bool, out: Array
) -> None:
    """The place of the largest or smallest known value, or -1."""
    queue = np.empty(len(values), np.int64)
    for key in range(len(starts) - 1):
        head = tail = 0
        high = starts[key]
        for place in range(starts[key], starts[key + 1]):
            while high < last[place]:
                if known[high]:
                    value = values[high]
                    while tail > head and (
                        values[queue[tail - 1]] < value if largest else values[queue[tail - 1]] > value
                    ):
                        tail -= 1
                    queue[tail] = high
                    tail += 1
                high += 1
            while head < tail and queue[head] < first[place]:
                head += 1
            out[place] = queue[head] if head < tail else -1


@njit(cache=True, nogil=True)
def outermost(starts: Array, counts: Array, first: Array, last: Array, newest: bool, out: Array) -> None:
    """The place of the newest or oldest entry that counts, or -1."""
    following = np.empty(len(counts), np.int64)
    for key in range(len(starts) - 1):
        begin, end = starts[key], starts[key + 1]
        if newest:
            found: Any = np.int64(-1)
            for place in range(begin, end):
                found = place if counts[place] else found
                following[place] = found
            for place in range(begin, end):
                seen = following[last[place] - 1] if last[place] > begin else -1
                out[place] = seen if seen >= first[place] else -1
        else:
            found = end
            for place in range(end - 1, begin - 1, -1):
                found = place if counts[place] else found
                following[place] = found
            for place in range(begin, end):
                seen = following[first[place]] if first[place] < end else end
                out[place] = seen if seen < last[place] else -1
