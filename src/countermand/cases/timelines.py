"""Time that counts: stretches of the UTC line, how much of them has passed, and when so much will have."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Protocol

Stretch = tuple[int, int]


class Timeline(Protocol):
    """Instants and amounts are microseconds; an instant's own microsecond belongs to what follows it."""

    def passed(self, at: int) -> int:
        """How much counting time lies before an instant; only differences mean something."""
        ...

    def reach(self, passed: int) -> int:
        """The earliest instant before which so much counting time lies. Raises TimelineEnds."""
        ...


class TimelineEnds(Exception):
    """The timeline is known no further."""


class Always:
    """Every instant counts."""

    def passed(self, at: int) -> int:
        return at

    def reach(self, passed: int) -> int:
        return passed


ALWAYS = Always()


class Stretches:
    """Only what lies in some stretches counts.

    >>> Stretches([(0, 10), (20, 30)]).reach(15)
    25
    """

    def __init__(self, stretches: Iterable[Stretch]) -> None:
        """`stretches` in order and disjoint; those that touch become one, empty ones vanish."""
        begins: list[int] = []
        ends: list[int] = []
        for begin, end in stretches:
            if begin >= end:
                continue
            assert not ends or ends[-1] <= begin, "stretches are in order"
            if ends and ends[-1] == begin:
                ends[-1] = end
            else:
                begins.append(begin)
                ends.append(end)
        self._begins, self._ends = begins, ends
        lengths = (end - begin for begin, end in zip(begins, ends, strict=True))
        self._before = list(accumulate(lengths, initial=0))

    def passed(self, at: int) -> int:
        """How much lies before an instant."""
        index = bisect_right(self._begins, at) - 1
        if index < 0:
            return 0
        return self._before[index] + min(at, self._ends[index]) - self._begins[index]

    def reach(self, passed: int) -> int:
        """The earliest instant with so much before it: the end of a stretch, not the next one's beginning."""
        index = bisect_left(self._before, passed) - 1
        if index >= len(self._begins):
            raise TimelineEnds
        if index < 0:
            return self._begins[0]
        return self._begins[index] + passed - self._before[index]

    def end_before(self, at: int) -> int | None:
        """Where the last stretch ends that begins before an instant, if one does."""
        index = bisect_left(self._begins, at) - 1
        return None if index < 0 else self._ends[index]


def advance(line: Timeline, start: int, amount: int, pauses: Sequence[Stretch]) -> int:
    """The earliest instant at which `amount` has counted since the start, outside of the pauses.

    `pauses` are in order and disjoint, with all their ends known. Raises TimelineEnds.

    >>> advance(ALWAYS, 0, 10, [(4, 6), (11, 20)])
    21
    """
    if amount <= 0:
        return start
    begin, left = start, amount
    for pause_begins, pause_ends in pauses:
        if pause_ends <= begin:
            continue
        before = line.passed(begin)
        here = max(0, line.passed(pause_begins) - before) if pause_begins > begin else 0
        if left <= here:
            return line.reach(before + left)
        left -= here
        begin = pause_ends
    return line.reach(line.passed(begin) + left)


def counted(line: Timeline, start: int, end: int, pauses: Sequence[Stretch]) -> int:
    """How much has counted from the start to the end, outside of the pauses.

    >>> counted(ALWAYS, 0, 20, [(4, 6), (11, 30)])
    9
    """
    total, begin = 0, start
    for pause_begins, pause_ends in pauses:
        if pause_begins >= end:
            break
        if pause_begins > begin:
            total += line.passed(pause_begins) - line.passed(begin)
        begin = max(begin, pause_ends)
    if end > begin:
        total += line.passed(end) - line.passed(begin)
    return total
