"""A share and what it is worth: Wilson's interval."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist
from typing import NamedTuple

CONFIDENCE = 0.95


class Interval(NamedTuple):
    """A value with its lower and upper bound."""

    value: float
    low: float
    high: float


def quantile(confidence: float) -> float:
    """The two-sided quantile of the normal distribution.

    >>> round(quantile(0.95), 2)
    1.96
    """
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def share(successes: int, count: int, confidence: float = CONFIDENCE) -> Interval | None:
    """A share with its score interval (E. B. Wilson 1927); None of nothing.

    >>> tuple(round(one, 3) for one in share(0, 10))
    (0.0, 0.0, 0.278)
    """
    if count == 0:
        return None
    assert 0 <= successes <= count, "a part of the whole"
    squared = quantile(confidence) ** 2
    value = successes / count
    center = (value + squared / (2 * count)) / (1 + squared / count)
    half = sqrt(squared * (value * (1 - value) / count + squared / (4 * count**2))) / (1 + squared / count)
    low = 0.0 if successes == 0 else max(0.0, center - half)
    high = 1.0 if successes == count else min(1.0, center + half)
    return Interval(value, low, high)
