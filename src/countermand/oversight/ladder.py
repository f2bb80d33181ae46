"""The ladder again, over columns: what the answers would be with other bands or without a rule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from countermand.oversight.results import HOLD_SECONDS, SCORE_MAX, Answers, Column, PolicyProfile
from countermand.vocabulary.outcomes import Outcome


class ResultsDisagreeError(ValueError):
    """The answers are milder than the policy they are said to come from; `rows` says how many."""

    def __init__(self, label: str, rows: int) -> None:
        self.label, self.rows = label, rows
        super().__init__(f"{rows} answers are milder than {label} allows")


@dataclass(frozen=True)
class Ladder:
    """How each answer came about, so that it can be asked again with one thing changed.

    `votes` counts, by outcome and row, the rules that asked for it; `points` is the sum of the rules' points,
    uncapped; `beyond` is what the recorded score has besides; `standing` an outcome no rule explains, such as
    that of a freeze; `held` the seconds a hold takes.
    """

    policy: PolicyProfile
    votes: Column
    points: Column
    beyond: Column
    standing: Column
    held: Column

    def without(self, rule: int, rows: Column) -> Column:
        """The outcomes of these rows had this rule, which fired on all of them, not been there."""
        asked, score = self.parts_without(rule, rows)
        return np.maximum(asked, banded(self.policy.bands, score))

    def parts_without(self, rule: int, rows: Column) -> tuple[Column, Column]:
        """What these rows' other rules ask for without the bands, and the score of those rules."""
        profile = self.policy.rules[rule]
        votes = self.votes[:, rows].copy()
        votes[profile.then] -= 1
        score = np.minimum(self.points[rows] - profile.score, SCORE_MAX) + self.beyond[rows]
        return np.maximum(_strictest(votes), self.standing[rows]), score

    def by_rules(self) -> Column:
        """The outcome of every row had the policy no bands."""
        return np.maximum(_strictest(self.votes), self.standing)

    def score(self) -> Column:
        """The recorded scores."""
        return np.minimum(self.points, SCORE_MAX) + self.beyond


def ladder_of(answers: Answers) -> Ladder:
    """How the answers came about. Raises ResultsDisagreeError where the policy would have been stricter."""
    policy, count = answers.policy, len(answers.outcome)
    then = np.array([rule.then for rule in policy.rules], dtype=np.int64)
    score = np.array([rule.score for rule in policy.rules], dtype=np.int64)
    codes, rows = answers.codes, answers.rows
    votes = np.zeros((len(Outcome), count), dtype=np.int16)
    for outcome in Outcome:
        mine = rows[then[codes] == outcome] if len(codes) else rows
        votes[outcome] = np.bincount(mine, minlength=count)
    points = np.bincount(rows, weights=score[codes] if len(codes) else None, minlength=count).astype(np.int64)
    beyond = answers.score - np.minimum(points, SCORE_MAX)
    expected = np.maximum(_strictest(votes), banded(policy.bands, answers.score))
    milder = int((answers.outcome < expected).sum())
    if milder:
        raise ResultsDisagreeError(policy.label, milder)
    standing = np.where(answers.outcome > expected, answers.outcome, 0)
    return Ladder(policy, votes, points, beyond, standing, _held(answers, count))


def banded(bands: tuple[tuple[int, Outcome], ...], score: Column) -> Column:
    """What the bands alone ask for at these scores."""
    if not bands:
        return np.zeros(len(score), dtype=np.int64)
    asked = np.maximum.accumulate(np.array([0, *(then for _, then in bands)]))
    return np.asarray(asked[np.searchsorted([at_least for at_least, _ in bands], score, side="right")])


def _strictest(votes: Column) -> Column:
    """The highest outcome anybody asked for."""
    asked = votes > 0
    return np.asarray((len(votes) - 1 - np.argmax(asked[::-1], axis=0)) * asked.any(axis=0))


def _held(answers: Answers, count: int) -> Column:
    """How long a hold takes: the longest of the rules that asked for one, else a day."""
    declared = answers.policy.answers[Outcome.HOLD].takes_seconds
    if declared is not None:
        return np.full(count, declared, dtype=np.int64)
    own = np.array(
        [rule.hold_seconds if rule.then is Outcome.HOLD else 0 for rule in answers.policy.rules],
        dtype=np.int64,
    )
    held = np.zeros(count, dtype=np.int64)
    for number in np.flatnonzero(own):
        rows = answers.fired_by(int(number))
        held[rows] = np.maximum(held[rows], own[number])
    return np.where(held > 0, held, HOLD_SECONDS)
