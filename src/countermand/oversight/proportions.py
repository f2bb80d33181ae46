"""Differences between shares and what they are worth: of two, and of two of the same operations."""

from __future__ import annotations

from fractions import Fraction
from math import comb, sqrt
from statistics import NormalDist
from typing import NamedTuple

from countermand.kernel.shares import CONFIDENCE, Interval, share

# Up to here the exact binomial tail is summed; beyond, the normal approximation differs in no shown digit.
EXACT_MAX = 1_000


class Pairs(NamedTuple):
    """Two yes-or-no answers to the same operations: both yes, only the first, only the second, neither."""

    both: int
    first_only: int
    second_only: int
    neither: int

    @property
    def operations(self) -> int:
        """How many operations."""
        return sum(self)


def share_difference(
    first: tuple[int, int], second: tuple[int, int], confidence: float = CONFIDENCE
) -> Interval | None:
    """Second share minus first, of different operations: (successes, count) each; None if one has none.

    R. G. Newcombe 1998, Statistics in Medicine 17:873-890, method 10 (from the two Wilson intervals).

    >>> tuple(round(one, 4) for one in share_difference((48, 80), (56, 70)))
    (0.2, 0.0524, 0.3339)
    """
    one, two = share(*first, confidence), share(*second, confidence)
    if one is None or two is None:
        return None
    value = two.value - one.value
    low = value - sqrt((two.value - two.low) ** 2 + (one.high - one.value) ** 2)
    high = value + sqrt((two.high - two.value) ** 2 + (one.value - one.low) ** 2)
    return Interval(value, max(-1.0, low), min(1.0, high))


def paired_difference(pairs: Pairs, confidence: float = CONFIDENCE) -> Interval | None:
    """Share of the second answer minus share of the first, of the same operations; None of none.

    R. G. Newcombe 1998, Statistics in Medicine 17:2635-2650, method 10: Wilson intervals, and the
    correlation of the two answers with its continuity correction.
    """
    count = pairs.operations
    first = share(pairs.both + pairs.first_only, count, confidence)
    second = share(pairs.both + pairs.second_only, count, confidence)
    if first is None or second is None:
        return None
    value = (pairs.second_only - pairs.first_only) / count
    together = _correlation(pairs)
    down, up = second.value - second.low, second.high - second.value
    first_down, first_up = first.value - first.low, first.high - first.value
    low = value - sqrt(max(0.0, down**2 - 2 * together * down * first_up + first_up**2))
    high = value + sqrt(max(0.0, up**2 - 2 * together * up * first_down + first_down**2))
    return Interval(value, max(-1.0, low), min(1.0, high))


def chance_of_difference(pairs: Pairs) -> float:
    """How likely at least this difference is if neither answers yes more often (McNemar's test, two-sided).

    Exact for up to 1,000 operations that differ, else by the normal distribution.

    >>> chance_of_difference(Pairs(50, 0, 6, 44))
    0.03125
    """
    differing = pairs.first_only + pairs.second_only
    fewer = min(pairs.first_only, pairs.second_only)
    if differing == 0:
        return 1.0
    if differing <= EXACT_MAX:
        tail = sum(comb(differing, number) for number in range(fewer + 1))
        return min(1.0, float(Fraction(2 * tail, 1 << differing)))
    distance = (differing - 2 * fewer - 1) / sqrt(differing)
    return float(min(1.0, 2 * NormalDist().cdf(-max(0.0, distance))))


def _correlation(pairs: Pairs) -> float:
    """The phi coefficient with Newcombe's correction: a positive one is drawn in by half an operation."""
    both, first_only, second_only, neither = pairs
    margins = (both + first_only) * (second_only + neither) * (both + second_only) * (first_only + neither)
    if margins == 0:
        return 0.0
    product = float(both * neither - first_only * second_only)
    if product > 0:
        product = max(product - pairs.operations / 2, 0.0)
    return product / sqrt(margins)
