"""How sure a number is: Wilson's interval for a share, and a seeded bootstrap over customers for the rest."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Column = NDArray[Any]
Z95 = 1.959963984540054  # the two-sided 95 % point of the normal distribution
GROUPS_MAX = 2000
RESAMPLES = 1000


def wilson(hits: int, of: int) -> tuple[float, float] | None:
    """Wilson's score interval of a share (E. B. Wilson, JASA 22, 1927, pages 209-212); None of nothing.

    >>> [round(end, 4) for end in wilson(8, 10)]
    [0.4902, 0.9433]
    """
    if of == 0:
        return None
    share, spread = hits / of, Z95 * Z95 / of
    middle = (share + spread / 2) / (1 + spread)
    half = Z95 * math.sqrt(share * (1 - share) / of + spread / (4 * of)) / (1 + spread)
    return (0.0 if hits == 0 else max(0.0, middle - half), 1.0 if hits == of else min(1.0, middle + half))


def drawn(groups: int, seed: int, resamples: int) -> Column:
    """How often each group is drawn in each resample: (resamples, groups), each row sums to `groups`."""
    chance = np.random.default_rng(seed)
    return chance.multinomial(groups, np.full(groups, 1 / groups), size=resamples).astype(np.float64)


def ends(values: Column) -> tuple[float, float] | None:
    """The middle 95 % of the resampled values; None where fewer than half of them have a meaning."""
    known = values[np.isfinite(values)]
    if len(known) < max(2, len(values) // 2):
        return None
    low, high = np.quantile(known, [0.025, 0.975])
    return float(low), float(high)


@dataclass(frozen=True, slots=True)
class Resamples:
    """The bootstrap over customers: operations of one customer are drawn together, for they are alike.

    `group` gives each operation its customer's group (at most GROUPS_MAX groups of whole customers),
    `weights` how often each group is drawn. One instance serves both policies, so that their differences are
    paired (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapters 8 and 13).
    """

    group: Column
    weights: Column

    @classmethod
    def of(cls, accounts: Column, seed: int, resamples: int = RESAMPLES) -> Resamples:
        """Resample by account; `accounts` are numbers from 0 on, one an operation."""
        groups = min(GROUPS_MAX, int(accounts.max()) + 1) if len(accounts) else 1
        return cls(accounts % groups, drawn(groups, seed, resamples))

    def totals(self, values: Column, rows: Column | None = None) -> Column:
        """The sum of a column in every resample; `rows` (numbers) where it is zero elsewhere."""
        group = self.group if rows is None else self.group[rows]
        sums = np.bincount(group, weights=values, minlength=self.weights.shape[1])
        return np.asarray(self.weights @ sums)

    def by_value(self, places: Column, values: Column, count: int) -> Column:
        """Sums by place (0 to count-1) in every resample: (resamples, count)."""
        groups = self.weights.shape[1]
        cells = np.bincount(self.group * count + places, weights=values, minlength=groups * count)
        return np.asarray(self.weights @ cells.reshape(groups, count))


def ratio_ends(above: Column, below: Column) -> tuple[float, float] | None:
    """The interval of a quotient of two resampled sums."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return ends(np.where(below > 0, above / below, np.nan))


def mean_ends(values: Column, seed: int, resamples: int = RESAMPLES) -> tuple[float, float] | None:
    """The interval of a mean over few things, such as days."""
    if len(values) < 2:
        return None
    return ends(drawn(len(values), seed, resamples) @ values / len(values))
