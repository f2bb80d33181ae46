"""What a policy answered to many operations, as columns, and what must be known of the policy to judge it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from countermand.kernel.text import Text
from countermand.vocabulary.friction import AnswerCost, FalsePositiveBudget
from countermand.vocabulary.outcomes import Outcome

Column = NDArray[Any]
SCORE_MAX = 1000
HOLD_SECONDS = 86400
OUTCOMES = tuple(outcome.word for outcome in Outcome)


@dataclass(frozen=True, slots=True)
class RuleProfile:
    """One rule: its words, its weight, the kinds it looks at (None: all) and its budget."""

    id: str
    then: Outcome
    score: int
    reason: Text
    scenario: str
    written: str
    kinds: frozenset[str] | None
    hold_seconds: int
    budget: FalsePositiveBudget | None


@dataclass(frozen=True, slots=True)
class PolicyProfile:
    """A policy as its results are judged; `bands` rise, `answers` has every outcome but allow."""

    label: str
    title: Text
    digest: str
    currency: str
    timezone: str
    rules: tuple[RuleProfile, ...]
    bands: tuple[tuple[int, Outcome], ...]
    answers: dict[Outcome, AnswerCost]


@dataclass(frozen=True)
class Operations:
    """The operations themselves, one row each in order of `seq`.

    `at` is in microseconds UTC, `day` counts local days since 1970, `hour` is local; `kind` is a number into
    `kinds`, `account` a number from 0 on. `money` is in minor units, 0 where no amount is known. `label` is
    1 for fraud, 0 for genuine, -1 where nothing is known.
    """

    seq: Column
    at: Column
    day: Column
    hour: Column
    kind: Column
    kinds: tuple[str, ...]
    account: Column
    money: Column
    label: Column

    def __len__(self) -> int:
        return len(self.seq)

    @cached_property
    def fraud(self) -> Column:
        """Which are known to be fraud."""
        return np.asarray(self.label == 1)

    @cached_property
    def genuine(self) -> Column:
        """Which are known to be genuine."""
        return np.asarray(self.label == 0)

    @cached_property
    def days(self) -> int:
        """How many local days the operations span, from the first to the last."""
        return int(self.day.max() - self.day.min()) + 1 if len(self.day) else 0


@dataclass(frozen=True)
class Answers:
    """What one policy answered: outcomes and scores by row, and the rules that fired.

    Row r fired the rules `codes[starts[r]:starts[r + 1]]`, numbers into the policy's rules.
    """

    policy: PolicyProfile
    outcome: Column
    score: Column
    starts: Column
    codes: Column

    @cached_property
    def stopped(self) -> Column:
        """Which operations were not simply allowed."""
        return np.asarray(self.outcome > Outcome.ALLOW)

    @cached_property
    def rows(self) -> Column:
        """The row of every entry of `codes`."""
        return np.repeat(np.arange(len(self.outcome)), np.diff(self.starts))

    @cached_property
    def _order(self) -> tuple[Column, Column]:
        order = np.argsort(self.codes, kind="stable")
        edges = np.searchsorted(self.codes[order], np.arange(len(self.policy.rules) + 1))
        return self.rows[order], edges

    def fired_by(self, rule: int) -> Column:
        """The rows on which a rule fired, rising."""
        rows, edges = self._order
        return np.asarray(rows[edges[rule] : edges[rule + 1]])

    @cached_property
    def stops(self) -> Column:
        """The share of fraudulent money that each answer is assumed to stop."""
        table = np.array([0.0, *(self.policy.answers[Outcome(o)].stops for o in range(1, len(OUTCOMES)))])
        return np.asarray(table[self.outcome])
