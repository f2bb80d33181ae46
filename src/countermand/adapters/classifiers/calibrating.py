"""How margins become probabilities one can believe, at which of them a flag is set, and how far off they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from countermand.intake.linear_reader import Calibration

RECALL_WANTED = 0.998  # on messages held back; the goal of 99.5 % is for other people's words
PRECISION_WANTED = 0.9
ABSTAIN_BELOW = 0.4
BINS = 10

Floats = NDArray[np.float64]


def calibrated(
    margins: Floats, goals: NDArray[np.int8], flags: Sequence[str], supporting: Sequence[str]
) -> tuple[Calibration, dict[str, float]]:
    """The calibration of margins held back, and the thresholds of flags."""
    count = goals.shape[1] - len(flags)
    sharpness = best_sharpness(margins[:, :count], goals[:, :count])
    shares = softmax(sharpness * margins[:, :count])
    places = [number for number, name in enumerate(_names()) if name in supporting]
    lines, thresholds = {}, {"abstain": ABSTAIN_BELOW}
    for number, flag in enumerate(flags):
        told = flag_inputs(margins[:, count + number], shares[:, places], shared=number == 0)
        line = best_line(told, goals[:, count + number])
        lines[str(flag)] = line
        odds = told @ np.asarray(line[:2]) + line[2]
        thresholds[str(flag)] = threshold(1 / (1 + np.exp(-odds)), goals[:, count + number], number == 0)
    names = {str(flags[0]): [str(one) for one in supporting]}
    return Calibration(sharpness=sharpness, flags=lines, supporting=names), thresholds


def best_sharpness(margins: Floats, goals: NDArray[np.int8]) -> float:
    """Which multiple of the margins makes the softmax most likely; two digits after the point."""
    right = goals.argmax(axis=1)
    tried = np.arange(0.5, 12.01, 0.05)
    losses = []
    for one in tried:
        shares = softmax(one * margins)
        losses.append(-np.log(np.maximum(shares[np.arange(len(right)), right], 1e-12)).mean())
    return round(float(tried[int(np.argmin(losses))]), 2)


def best_line(told: Floats, goal: NDArray[np.int8]) -> tuple[float, float, float]:
    """Platt's line over a margin and the odds of supporting categories; three digits after the point."""
    if goal.min() == goal.max():
        return 0.0, 0.0, 6.0 if goal.all() else -6.0
    used = told[:, told.std(axis=0) > 0]
    learner = LogisticRegression(C=100.0, max_iter=1000).fit(used, goal)
    slopes = [round(float(one), 3) for one in learner.coef_[0]]
    return slopes[0], slopes[1] if len(slopes) > 1 else 0.0, round(float(learner.intercept_[0]), 3)


def flag_inputs(margin: Floats, shares: Floats, shared: bool) -> Floats:
    """What a flag's line is over; shape (n, 2)."""
    kept = np.clip(shares.sum(axis=1), 1e-4, 1 - 1e-4)
    return np.stack([margin, np.log(kept / (1 - kept)) * shared], axis=1)


def threshold(probability: Floats, goal: NDArray[np.int8], recall_first: bool) -> float:
    """The highest threshold with the recall wanted; or the lowest with the precision wanted."""
    if not goal.any():
        return 0.5
    if recall_first:
        ranked = np.sort(probability[goal == 1])
        return round(float(ranked[int((1 - RECALL_WANTED) * len(ranked))]) - 5e-4, 3)
    for tried in np.arange(0.2, 0.9, 0.01):
        chosen = probability >= tried
        if chosen.any() and goal[chosen].mean() >= PRECISION_WANTED:
            return round(float(tried), 2)
    return 0.9


def softmax(values: Floats) -> Floats:
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    shares: Floats = powers / powers.sum(axis=1, keepdims=True)
    return shares


def reliability(confidence: Floats, right: NDArray[Any], bins: int = BINS) -> tuple[float, list[list[float]]]:
    """Expected calibration error over bins of equal numbers; rows of [messages, mean confidence, right].

    Naeini, Cooper and Hauskrecht, AAAI 2015; bins of equal numbers, so that no bin is a handful.
    """
    order = np.argsort(confidence, kind="stable")
    rows, error = [], 0.0
    for part in np.array_split(order, bins):
        said, was = float(confidence[part].mean()), float(right[part].mean())
        error += abs(said - was) * len(part) / len(order)
        rows.append([len(part), round(said, 4), round(was, 4)])
    return error, rows


def _names() -> list[str]:
    from countermand.vocabulary.triage import Category

    return [str(one) for one in Category]
