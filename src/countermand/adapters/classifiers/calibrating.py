"""How margins become probabilities, at which of them a flag is set, and how far off they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from countermand.intake.linear_reader import Calibration
from countermand.intake.risk import SIMPLE
from countermand.vocabulary.triage import Category, Flag

RECALL_WANTED = 0.998  # on messages held back; the goal of 99.5 % is for other people's words
FALSE_ESCALATION_MAX = 0.13  # on messages held back; the rules beside the model add about two points
PRECISION_WANTED = {Flag.DISTRESS: 0.7, Flag.HUMAN: 0.8}  # a plea overlooked costs more than a kind word
CLEAR_MARGIN = 0.5  # of the odds of the least obvious claim that was taken for a basic question
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
    first, told_first = shares.max(axis=1), shares.argmax(axis=1)
    right = (told_first == goals[:, :count].argmax(axis=1)).astype(np.int8)
    slope, _, offset = best_line(np.stack([odds_of(first), np.zeros(len(first))], axis=1), right)
    places = [number for number, name in enumerate(Category) if name in supporting]
    lines, thresholds = {}, {"abstain": ABSTAIN_BELOW}
    for number, flag in enumerate(flags):
        told = flag_inputs(margins, count + number, count, places, shared=number == 0)
        line = best_line(told, goals[:, count + number])
        lines[str(flag)] = line
        chance = 1 / (1 + np.exp(-(told @ np.asarray(line[:2]) + line[2])))
        wanted = None if number == 0 else PRECISION_WANTED[Flag(flag)]
        thresholds[str(flag)] = threshold(chance, goals[:, count + number], wanted)
        if number == 0:
            basic = [place for place, name in enumerate(Category) if name in SIMPLE]
            sure = 1 / (1 + np.exp(-(slope * odds_of(first) + offset))) >= ABSTAIN_BELOW
            mistaken = sure & np.isin(told_first, basic) & (goals[:, count] == 1)
            thresholds["clear"] = clear_below(chance, mistaken)
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
    """Platt's line over a margin and the lead of supporting categories; three digits after the point."""
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


def flag_inputs(margins: Floats, column: int, count: int, supporting: Sequence[int], shared: bool) -> Floats:
    """What a flag's line is over: its margin, and the lead of the supporting categories; shape (n, 2).

    The lead, if `shared`: by how much the best of the supporting categories exceeds the best of all others.
    """
    others = [place for place in range(count) if place not in supporting]
    lead = margins[:, list(supporting)].max(axis=1) - margins[:, others].max(axis=1)
    return np.stack([margins[:, column], lead * shared], axis=1)


def clear_below(probability: Floats, mistaken: NDArray[np.bool_]) -> float:
    """Below every claim held back that was surely taken for a basic question, by CLEAR_MARGIN of its odds."""
    if not mistaken.any():
        return round(float(np.quantile(probability, 0.1)), 4)
    least = float(probability[mistaken].min())
    odds = CLEAR_MARGIN * least / (1 - least)
    return float(np.floor(odds / (1 + odds) * 1e4) / 1e4)


def odds_of(shares: Floats) -> Floats:
    """The log odds of probabilities, bounded as the reader bounds them."""
    kept = np.clip(shares, 1e-4, 1 - 1e-4)
    odds: Floats = np.log(kept / (1 - kept))
    return odds


def threshold(probability: Floats, goal: NDArray[np.int8], precision: float | None) -> float:
    """Where a flag is set: the lowest threshold with the precision wanted.

    No precision, recall first: the highest with the recall wanted, as far as false escalations allow.
    """
    if not goal.any():
        return 0.5
    if precision is None:
        claims, others = np.sort(probability[goal == 1]), np.sort(probability[goal == 0])
        wanted = found_at(claims)
        allowed = others[int((1 - FALSE_ESCALATION_MAX) * len(others))]
        return round(float(max(wanted, allowed)), 3)
    for tried in np.arange(0.2, 0.9, 0.01):
        chosen = probability >= tried
        if chosen.any() and goal[chosen].mean() >= precision:
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
