"""Has the world moved from where a model learnt? How far two distributions are apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 10
MOVED, FAR = 0.1, 0.25  # the usual reading of PSI: below .1 the same, above .25 another population
_LEAST = 1e-4  # an empty bin counts as this share, or its logarithm would be infinite


def edges_of(values: NDArray[np.float64], bins: int = BINS) -> list[float]:
    """Where to cut so that each bin holds about equally many known values; fewer cuts where values repeat.

    >>> edges_of(np.array([1.0, 2.0, 3.0, 4.0]), 2)
    [2.0]
    """
    known = values[np.isfinite(values)]
    if len(known) == 0:
        return []
    cuts = np.quantile(known, np.arange(1, bins) / bins, method="lower")
    return [float(cut) for cut in np.unique(cuts) if cut < known.max()]


def counts_in(values: NDArray[np.float64], edges: Sequence[float]) -> tuple[list[int], int]:
    """How many known values fall in each bin `(edge before, edge]`, and how many are unknown."""
    known = values[np.isfinite(values)]
    places = np.searchsorted(np.asarray(edges), known, side="left")
    counts = np.bincount(places, minlength=len(edges) + 1)
    return [int(count) for count in counts], int(len(values) - len(known))


def stability_index(before: Sequence[int], now: Sequence[int]) -> float | None:
    """The population stability index of two histograms over the same bins; None where one is empty.

    The sum over bins of (p - q) * ln(p / q), as used for scorecards (Siddiqi 2006).

    >>> stability_index([50, 50], [50, 50])
    0.0
    """
    totals = sum(before), sum(now)
    if 0 in totals:
        return None
    index = 0.0
    for old, new in zip(before, now, strict=True):
        p, q = max(old / totals[0], _LEAST), max(new / totals[1], _LEAST)
        index += (q - p) * math.log(q / p)
    return index


def baseline_of(values: NDArray[np.float64]) -> dict[str, Any]:
    """Edges, counts, unknown and median of one column: what a model card keeps of it."""
    edges = edges_of(values)
    counts, unknown = counts_in(values, edges)
    known = values[np.isfinite(values)]
    return {
        "edges": edges,
        "counts": counts,
        "unknown": unknown,
        "median": float(np.median(known)) if len(known) else None,
    }
