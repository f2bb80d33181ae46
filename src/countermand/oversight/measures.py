"""How well a score finds fraud: exact measures over labelled operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

CARDS_EACH_DAY = 100

Column = NDArray[Any]
Measure = Callable[[Column, Column], float | None]


def auc_roc(scores: Column, fraud: Column) -> float | None:
    """The chance that a fraud scores above an honest operation, a tie counting half (Mann-Whitney).

    None where one of the two kinds is missing.

    >>> auc_roc(np.array([1, 2, 2, 3]), np.array([0, 0, 1, 1]))
    0.875
    """
    _, honest, bad = _by_score(scores, fraud)
    pairs = int(honest.sum()) * int(bad.sum())
    if pairs == 0:
        return None
    below = np.cumsum(honest) - honest
    return float((2 * (bad * below).sum() + (bad * honest).sum()) / (2 * pairs))


def average_precision(scores: Column, fraud: Column) -> float | None:
    """The mean precision over the frauds, from the highest score down; equal scores are one step.

    The sum over steps of (recall gained) times (precision so far), without interpolation. None without fraud.

    >>> average_precision(np.array([1, 2, 2, 3]), np.array([0, 0, 1, 1]))
    0.8333333333333333
    """
    _, honest, bad = _by_score(scores, fraud)
    total = int(bad.sum())
    if total == 0:
        return None
    found = np.cumsum(bad[::-1])
    precision = found / (found + np.cumsum(honest[::-1]))
    return float((bad[::-1] * precision).sum() / total)


def card_precision(
    scores: Column, fraud: Column, days: Column, cards: Column, each_day: int = CARDS_EACH_DAY
) -> float | None:
    """Of the `each_day` most suspicious cards of a day, the share compromised that day; mean over days.

    A card's score is the highest of its operations that day; it is compromised when one of them was fraud. A
    compromised card that was among the chosen is known from then on and leaves the following days. Of equal
    scores the lower card number goes first. The divisor is `each_day` also on a day with fewer cards, as in
    the Fraud Detection Handbook (chapter 4, "Card Precision top-k"). None without operations.

    Shapes: four columns of one length; `fraud` holds 0 and 1, `days` and `cards` whole numbers.
    """
    if len(scores) == 0:
        return None
    return float(card_shares(scores, fraud, days, cards, each_day).mean())


def card_shares(scores: Column, fraud: Column, days: Column, cards: Column, each_day: int) -> Column:
    """The share of each day, of which `card_precision` is the mean; at least one operation."""
    order = np.lexsort((cards, days))
    scores, fraud, days, cards = scores[order], fraud[order], days[order], cards[order]
    fresh = np.r_[True, (days[1:] != days[:-1]) | (cards[1:] != cards[:-1])]
    starts = np.flatnonzero(fresh)
    highest, bad = np.maximum.reduceat(scores, starts), np.maximum.reduceat(fraud, starts)
    day, card = days[starts], cards[starts]
    known = np.zeros(int(card.max()) + 1, dtype=bool)
    shares: list[float] = []
    for today in np.unique(day):
        ours = np.flatnonzero(day == today)
        ours = ours[~known[card[ours]]]
        chosen = ours[np.lexsort((card[ours], -highest[ours]))][:each_day]
        found = chosen[bad[chosen] == 1]
        known[card[found]] = True
        shares.append(len(found) / each_day)
    return np.array(shares)


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


def _by_score(scores: Column, fraud: Column) -> tuple[Column, Column, Column]:
    """The distinct scores, ascending, and how many honest and bad operations have each."""
    values, place = np.unique(scores, return_inverse=True)
    bad = np.bincount(place, weights=fraud, minlength=len(values)).astype(np.int64)
    return values, np.bincount(place, minlength=len(values)) - bad, bad
