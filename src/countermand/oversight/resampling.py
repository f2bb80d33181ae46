"""How sure a measure is: a bootstrap over whole accounts, since one account's operations are no strangers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Column = NDArray[Any]
Measure = Callable[[Column, Column], float | None]
ROUNDS = 200
LEVEL = 0.95


def interval(values: list[float]) -> tuple[float, float] | tuple[None, None]:
    """The middle 95 % of bootstrapped values; (None, None) where there are none.

    >>> interval([float(number) for number in range(1, 101)])
    (3.475, 97.525)
    """
    if not values:
        return None, None
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def bootstrap(accounts: Column, measure: Callable[[Column], float | None], seed: int) -> list[float]:
    """`measure` of the rows at some places, for many draws of accounts with replacement (Efron 1979).

    `accounts` numbers each row's account. A draw takes all the rows of an account, once for each time it is
    drawn. Draws for which the measure is None are left out.
    """
    order = np.argsort(accounts, kind="stable")
    _, starts, sizes = np.unique(accounts[order], return_index=True, return_counts=True)
    chance = np.random.default_rng(seed)
    found: list[float] = []
    for _ in range(ROUNDS if len(starts) else 0):
        drawn = chance.integers(0, len(starts), len(starts))
        taken = sizes[drawn]
        inside = np.arange(taken.sum()) - np.repeat(np.cumsum(taken) - taken, taken)
        value = measure(order[np.repeat(starts[drawn], taken) + inside])
        if value is not None:
            found.append(value)
    return found


def calibration_error(scores: Column, fraud: Column, bins: int = 10) -> float | None:
    """The mean distance between score and share of fraud, over bins of equally many rows (ECE).

    >>> calibration_error(np.array([0.0, 0.0, 1.0, 1.0]), np.array([0, 0, 1, 1]), bins=2)
    0.0
    """
    if len(scores) == 0:
        return None
    order = np.argsort(scores, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    gaps = [abs(float(scores[part].mean() - fraud[part].mean())) * len(part) for part in parts]
    return sum(gaps) / len(scores)
