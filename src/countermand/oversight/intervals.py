"""How sure a number is: Wilson's interval for a share, and a seeded bootstrap over customers for the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from countermand.kernel.shares import share

Column = NDArray[Any]
GROUPS_MAX = 2000
RESAMPLES = 1000
# Where a measure must look at all the rows again for every draw.
RESAMPLES_OF_ROWS = 200


def share_ends(hits: int, of: int) -> tuple[float, float] | None:
    """Wilson's interval of a share; None of nothing."""
    found = share(hits, of)
    return None if found is None else (found.low, found.high)


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


def bootstrap_ends(
    accounts: Column, measure: Callable[[Column], float | None], seed: int
) -> tuple[float, float] | None:
    """The interval of a `measure` that is no quotient of sums: of the rows at some places, draw by draw.

    `accounts` numbers each row's account; a draw takes all the rows of an account, once for each time it is
    drawn. None where fewer than half of the draws have a meaning.
    """
    if len(accounts) == 0:
        return None
    _, numbers = np.unique(accounts, return_inverse=True)
    resamples, rows = Resamples.of(numbers, seed, RESAMPLES_OF_ROWS), np.arange(len(accounts))
    found = (measure(np.repeat(rows, each[resamples.group].astype(np.int64))) for each in resamples.weights)
    return ends(np.array([np.nan if value is None else value for value in found]))
