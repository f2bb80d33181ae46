"""ADWIN: a window over a stream of numbers that forgets what is no longer like the present.

A. Bifet and R. Gavaldà, Learning from Time-Changing Data with Adaptive Windowing, SDM 2007 (ADWIN2, with its
exponential histogram and the bound that knows the variance). The window is cut wherever two parts of it have
means that differ by more than chance allows. The article then drops the oldest bucket again and again until
no cut differs; dropping all before the most evident cut keeps less of the past in the present's mean.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import log, sqrt

DELTA = 0.002
# So many buckets of each size are kept (M in the article): more is finer cuts, and more memory.
BUCKETS_MAX = 5
PART_LEAST = 5
CHECK_EVERY = 32
MOVES_KEPT = 100


@dataclass(slots=True)
class _Bucket:
    """Neighbours in the stream: how many, their sum, and the sum of squared distances from their mean."""

    count: int
    total: float
    spread: float

    def joined(self, other: _Bucket) -> _Bucket:
        """Both as one."""
        count = self.count + other.count
        apart = self.total / self.count - other.total / other.count
        spread = self.spread + other.spread + apart * apart * self.count * other.count / count
        return _Bucket(count, self.total + other.total, spread)


@dataclass(slots=True)
class AdaptiveWindow:
    """Numbers from 0 to 1 come in; `see` tells whether their mean has moved.

    A stream whose mean stays is cut with a chance of at most about `delta`. Memory and time of a step grow
    with the logarithm of the window. `seen` counts all numbers, `moved_at` says after how many of them the
    window was cut, at most the last `MOVES_KEPT`; `moves` counts the cuts.
    """

    delta: float = DELTA
    seen: int = 0
    moves: int = 0
    moved_at: deque[int] = field(default_factory=lambda: deque(maxlen=MOVES_KEPT))
    _rows: list[deque[_Bucket]] = field(
        default_factory=list
    )  # by size, the smallest first; oldest at the left
    _whole: _Bucket = field(default_factory=lambda: _Bucket(0, 0.0, 0.0))

    @property
    def size(self) -> int:
        """How many numbers the window holds."""
        return self._whole.count

    @property
    def mean(self) -> float | None:
        """The mean of the window; None of nothing.

        >>> window = AdaptiveWindow()
        >>> [window.see(one) for one in (0.25, 0.75)], window.mean, window.size
        ([False, False], 0.5, 2)
        """
        return self._whole.total / self.size if self.size else None

    def see(self, value: float) -> bool:
        """Take one number in; whether what came before it was cut off."""
        self.seen += 1
        one = _Bucket(1, value, 0.0)
        self._whole = self._whole.joined(one) if self.size else one
        self._push(one)
        if self.seen % CHECK_EVERY or not self._cut():
            return False
        self.moves += 1
        self.moved_at.append(self.seen)
        return True

    def _push(self, bucket: _Bucket) -> None:
        """A new bucket; where there are too many of a size, the two oldest become one of twice the size."""
        for row in self._rows:
            row.append(bucket)
            if len(row) <= BUCKETS_MAX:
                return
            bucket = row.popleft().joined(row.popleft())
        self._rows.append(deque([bucket]))

    def _cut(self) -> bool:
        """Forget all that lies before the most evident cut, until no cut shows two means."""
        cut = False
        while older := self._older_than_the_cut():
            cut = True
            for _ in range(older):
                oldest = self._rows[-1].popleft()
                if not self._rows[-1]:
                    self._rows.pop()
                self._whole = _without(self._whole, oldest)
        return cut

    def _older_than_the_cut(self) -> int:
        """How many buckets lie before the cut whose means exceed epsilon by most; 0 where none do.

        Epsilon is the article's, with the variance of the window (equation 3.1).
        """
        whole = self._whole
        if whole.count < 2 * PART_LEAST:
            return 0
        evidence = log(2 * log(whole.count) / self.delta)
        variance = whole.spread / whole.count
        older, most = 0, 1.0
        count, total = 0, 0.0
        for number, bucket in enumerate(self._oldest_first(), 1):
            count, total = count + bucket.count, total + bucket.total
            rest = whole.count - count
            if rest < PART_LEAST:
                break
            if count < PART_LEAST:
                continue
            inverse = 1 / count + 1 / rest
            epsilon = sqrt(2 * inverse * variance * evidence) + 2 / 3 * inverse * evidence
            excess = abs(total / count - (whole.total - total) / rest) / epsilon
            if excess > most:
                older, most = number, excess
        return older

    def _oldest_first(self) -> Iterator[_Bucket]:
        for row in reversed(self._rows):
            yield from row


def _without(whole: _Bucket, part: _Bucket) -> _Bucket:
    """What is left of the whole."""
    count, total = whole.count - part.count, whole.total - part.total
    apart = total / count - part.total / part.count
    spread = whole.spread - part.spread - apart * apart * count * part.count / whole.count
    return _Bucket(count, total, max(spread, 0.0))
