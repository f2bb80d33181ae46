"""How margins become probabilities, at which of them a flag is set, and how far off they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from countermand.intake.linear_reader import Calibration
from countermand.vocabulary.triage import Category

RECALL_WANTED = 0.998  # on messages held back; the goal of 99.5 % is for other people's words
FALSE_ESCALATION_MAX = 0.13  # on messages held back; the rules beside the model add about two points
PRECISION_WANTED = 0.9
ABSTAIN_BELOW = 0.5
BINS = 10
NEWTON_STEPS, RIDGE = 30, 0.05  # the ridge keeps what can be parted exactly from running away

Floats = NDArray[np.float64]


def calibrated(
    margins: Floats, goals: NDArray[np.int8], flags: Sequence[str], supporting: Sequence[str]
) -> tuple[Calibration, dict[str, float]]:
    """The calibration of margins held back, and the thresholds of flags."""
    count = goals.shape[1] - len(flags)
    sharpness = best_sharpness(margins[:, :count], goals[:, :count])
    shares = softmax(sharpness * margins[:, :count])
    first = shares.max(axis=1)
    right = (shares.argmax(axis=1) == goals[:, :count].argmax(axis=1)).astype(np.int8)
    slope, _, offset = best_line(np.stack([odds_of(first), np.zeros(len(first))], axis=1), right)
    places = [number for number, name in enumerate(Category) if name in supporting]
    lines, thresholds = {}, {"abstain": ABSTAIN_BELOW}
    for number, flag in enumerate(flags):
        told = flag_inputs(margins[:, count + number], shares[:, places], shared=number == 0)
        line = best_line(told, goals[:, count + number])
        lines[str(flag)] = line
        chance = 1 / (1 + np.exp(-(told @ np.asarray(line[:2]) + line[2])))
        thresholds[str(flag)] = threshold(chance, goals[:, count + number], number == 0)
        if number == 0:
            thresholds["clear"] = found_at(chance[goals[:, count] == 1])
    names = {str(flags[0]): [str(one) for one in supporting]}
    told_of_first = (slope, offset)
    return Calibration(sharpness, told_of_first, lines, names), thresholds


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
    given = np.column_stack([told, np.ones(len(goal))])
    line = np.zeros(3)
    for _ in range(NEWTON_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(given @ line, -30, 30)))
        slope = given.T @ (goal - chance) - RIDGE * line
        curve = (given * (chance * (1 - chance))[:, None]).T @ given + RIDGE * np.eye(3)
        line = line + np.linalg.solve(curve, slope)
    return round(float(line[0]), 3), round(float(line[1]), 3), round(float(line[2]), 3)


def flag_inputs(margin: Floats, shares: Floats, shared: bool) -> Floats:
    """What a flag's line is over; shape (n, 2)."""
    return np.stack([margin, odds_of(shares.sum(axis=1)) * shared], axis=1)


def odds_of(shares: Floats) -> Floats:
    """The log odds of probabilities, bounded as the reader bounds them."""
    kept = np.clip(shares, 1e-4, 1 - 1e-4)
    odds: Floats = np.log(kept / (1 - kept))
    return odds


def threshold(probability: Floats, goal: NDArray[np.int8], recall_first: bool) -> float:
    """Where a flag is set.

    Recall first: the highest threshold with the recall wanted, as far as the false escalations allow.
    Else: the lowest with the precision wanted.
    """
    if not goal.any():
        return 0.5
    if recall_first:
        claims, others = np.sort(probability[goal == 1]), np.sort(probability[goal == 0])
        wanted = found_at(claims)
        allowed = others[int((1 - FALSE_ESCALATION_MAX) * len(others))]
        return round(float(max(wanted, allowed)), 3)
    for tried in np.arange(0.2, 0.9, 0.01):
        chosen = probability >= tried
        if chosen.any() and goal[chosen].mean() >= PRECISION_WANTED:
            return round(float(tried), 2)
    return 0.9


def found_at(claims: Floats) -> float:
    """The highest threshold that finds the share RECALL_WANTED of these claims."""
    ranked = np.sort(claims)
    return round(float(ranked[int((1 - RECALL_WANTED) * len(ranked))]), 4) if len(ranked) else 0.0


def softmax(values: Floats) -> Floats:
    """Shares that add up to 1, row by row."""
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
