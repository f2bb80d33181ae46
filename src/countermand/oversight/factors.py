"""Why a score is what it is: each input in turn is put back to its usual value, and scored again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float64]


def usual_row(history: NDArray[np.float64], fallback: Column, least: int = 3) -> Column:
    """What is usual: the median of each input's known values; `fallback` where fewer than `least` are known.

    Shapes: `history` (n, inputs), `fallback` (inputs,). NaN is unknown.

    >>> usual_row(np.array([[1.0], [2.0], [9.0]]), np.array([5.0]))
    array([2.])
    """
    usual = fallback.copy()
    known = np.isfinite(history).sum(axis=0) >= least
    if known.any():
        usual[known] = np.nanmedian(history[:, known], axis=0)
    return usual


def effects(
    row: Column, usual: Column, many: Callable[[NDArray[np.float64]], Column]
) -> tuple[float, Column]:
    """The score of `row`, and for each input how much lower the score would be had it been usual (occlusion).

    One batch of `inputs + 1` rows. The effects of inputs that say the same thing are not independent, and do
    not add up to the score.
    """
    rows = np.repeat(row[np.newaxis, :], len(row) + 1, axis=0)
    places = np.arange(len(row))
    rows[places + 1, places] = usual
    scores = many(rows)
    return float(scores[0]), scores[0] - scores[1:]


def strongest(effect: Column, count: int, least: float) -> Sequence[int]:
    """The places of the inputs that move the score most, by at least `least`, strongest first."""
    order = np.argsort(-np.abs(effect), kind="stable")
    return [int(place) for place in order[:count] if abs(effect[place]) >= least]
