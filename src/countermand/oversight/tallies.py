"""Counts and money by outcome, day, hour and kind: what happened, before anything is judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from countermand.kernel.text import Text
from countermand.oversight.figures import Figure
from countermand.oversight.report import OutcomeLine, ScoreTable, Series
from countermand.oversight.results import OUTCOMES, Answers, Column, Operations

SCORE_BINS = 40


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the numbers of a report come from, and up to when their data reaches."""

    source: Text
    as_of: str

    def figure(
        self,
        value: float | None,
        unit: str,
        ends: tuple[float, float] | None = None,
        method: str = "",
    ) -> Figure:
        """A figure of this source; without ends it was counted, or cannot be bounded."""
        plain = None if value is None else value if isinstance(value, int) else float(value)
        if plain is None or ends is None:
            return Figure(value=plain, unit=unit, source=self.source, as_of=self.as_of)
        low, high = ends
        return Figure(
            value=plain, unit=unit, low=low, high=high, interval=method, source=self.source, as_of=self.as_of
        )

    @property
    def words(self) -> dict[str, Any]:
        """The two fields of whatever is sourced."""
        return {"source": self.source, "as_of": self.as_of}


def by_outcome(operations: Operations, answers: Answers, told: Provenance) -> list[OutcomeLine]:
    """One line an outcome, in their order."""
    count, outcome = len(operations), answers.outcome

    def sums(values: Column) -> list[int]:
        return _sums(outcome, values, len(OUTCOMES))

    money, fraud = operations.money, operations.fraud
    rows = zip(OUTCOMES, sums(np.ones(count)), sums(money), sums(fraud), sums(money * fraud), strict=True)
    return [
        OutcomeLine(
            outcome=word,
            operations=number,
            share=number / count if count else 0.0,
            money=minor,
            fraud=bad,
            fraud_money=lost,
            **told.words,
        )
        for word, number, minor, bad, lost in rows
    ]


def by_day(operations: Operations, answers: Answers, told: Provenance) -> Series:
    """One entry a local day, also for days without operations."""
    first = int(operations.day.min()) if len(operations) else 0
    epoch = date(1970, 1, 1)
    names = [(epoch + timedelta(days=first + number)).isoformat() for number in range(operations.days)]
    return _series(operations, answers, operations.day - first, names, told)


def by_hour(operations: Operations, answers: Answers, told: Provenance) -> Series:
    """One entry an hour of the local day."""
    return _series(operations, answers, operations.hour, [f"{hour:02d}" for hour in range(24)], told)


def by_kind(operations: Operations, answers: Answers, told: Provenance) -> Series:
    """One entry a kind of operation."""
    return _series(operations, answers, operations.kind, operations.kinds, told)


def by_score(operations: Operations, answers: Answers, told: Provenance) -> ScoreTable:
    """The scores in equal bins from 0 to the highest one seen."""
    highest = int(answers.score.max()) if len(operations) else 0
    width = max(1, -(-(highest + 1) // SCORE_BINS))
    bins = highest // width + 1
    place = answers.score // width
    return ScoreTable(
        edges=[width * number for number in range(bins + 1)],
        operations=_sums(place, np.ones(len(operations)), bins),
        fraud=_sums(place, operations.fraud, bins),
        genuine=_sums(place, operations.genuine, bins),
        **told.words,
    )


def _series(
    operations: Operations, answers: Answers, place: Column, names: Sequence[str], told: Provenance
) -> Series:
    count, stopped = len(names), answers.stopped
    fraud, genuine, money = operations.fraud, operations.genuine, operations.money

    def sums(values: Column) -> list[int]:
        return _sums(place, values, count)

    return Series(
        names=list(names),
        operations=sums(np.ones(len(operations))),
        outcomes=[sums(answers.outcome == number) for number in range(len(OUTCOMES))],
        money=sums(money),
        fraud=sums(fraud),
        fraud_stopped=sums(fraud & stopped),
        genuine=sums(genuine),
        genuine_stopped=sums(genuine & stopped),
        fraud_money=sums(money * fraud),
        fraud_money_stopped=sums(money * (fraud & stopped)),
        **told.words,
    )


def _sums(places: Column, values: Column, count: int) -> list[int]:
    """Sums by place; float sums of whole minor units are exact below 2**53."""
    return [round(value) for value in np.bincount(places, weights=values, minlength=count).tolist()]
