"""Loss stopped against friction: the score bands swept, with every rule and with one rule left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import msgspec
import numpy as np

from countermand.oversight.ladder import Ladder, banded
from countermand.oversight.report import TradeOff, TradeOffPoint
from countermand.oversight.results import OUTCOMES, SCORE_MAX, Answers, Column, Operations
from countermand.oversight.tallies import Provenance
from countermand.vocabulary.outcomes import Outcome

STEPS = 40
DIAL = (0.1, 10.0)
GRID_STEPS = {2: 20, 3: 10}
RULES_MAX = 60
_WIDTH = SCORE_MAX + 1

Thresholds = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Sums:
    """What is summed over operations that stand alike: (sums, outcomes the rules ask for, scores).

    The sums: money and number of labelled frauds, labelled genuine operations, operations not known to be
    fraud, and the seconds a hold takes those.
    """

    values: tuple[Column, ...]

    @classmethod
    def of(cls, operations: Operations, held: Column) -> _Sums:
        fraud, others = operations.fraud, ~operations.fraud
        return cls((operations.money * fraud, fraud, operations.genuine, others, held * others))

    def at(self, rows: Column) -> _Sums:
        return _Sums(tuple(values[rows] for values in self.values))

    def cells(self, asked: Column, score: Column) -> Column:
        place = asked * _WIDTH + np.clip(score, 0, SCORE_MAX)
        size = len(OUTCOMES) * _WIDTH
        found = [np.bincount(place, weights=values, minlength=size) for values in self.values]
        return np.array(found).reshape(len(found), len(OUTCOMES), _WIDTH)


@dataclass(frozen=True, slots=True)
class _Scale:
    """Weighs settings: what each outcome stops and takes, and the total that was at stake."""

    total: int
    then: tuple[Outcome, ...]
    current: Thresholds
    stops: Column
    takes: Column

    @classmethod
    def of(cls, answers: Answers, total: int) -> _Scale:
        policy = answers.policy
        known = [policy.answers[Outcome(number)] for number in range(1, len(OUTCOMES))]
        takes = [0 if one.outcome is Outcome.HOLD else one.takes_seconds or 0 for one in known]
        return cls(
            total,
            tuple(outcome for _, outcome in policy.bands),
            tuple(at_least for at_least, _ in policy.bands),
            np.array([0.0, *(one.stops for one in known)]),
            np.array([0, *takes]),
        )

    def point(self, cells: Column, thresholds: Thresholds, without: str) -> TradeOffPoint:
        bands = tuple(zip(thresholds, self.then, strict=True))
        asked = np.arange(len(OUTCOMES))[:, None]
        outcome = np.maximum(asked, banded(bands, np.arange(_WIDTH))[None, :])
        money, frauds, genuine, others, held = cells
        stopped = outcome > Outcome.ALLOW
        saved = float((money * self.stops[outcome]).sum())
        hits, wrong = int((frauds * stopped).sum()), int((genuine * stopped).sum())
        seconds = (others * self.takes[outcome]).sum() + (held * (outcome == Outcome.HOLD)).sum()
        everybody = max(1.0, float(others.sum()))
        return TradeOffPoint(
            thresholds=list(thresholds),
            without=without,
            saved=round(saved),
            saved_share=saved / self.total,
            disturbed=float((others * stopped).sum()) / everybody,
            seconds=float(seconds) / everybody,
            fraud_stopped=hits,
            precision=hits / (hits + wrong) if hits + wrong else None,
            is_best=False,
            is_current=not without and thresholds == self.current,
        )


def trade_off_of(
    operations: Operations, answers: Answers, ladder: Ladder, told: Provenance
) -> TradeOff | None:
    """The bands swept, and the best of all settings tried; None without labelled fraud that cost money."""
    total = int((operations.money * operations.fraud).sum())
    if total == 0:
        return None
    scale, policy = _Scale.of(answers, total), answers.policy
    alike = len({policy.answers[outcome].stops for outcome in scale.then if outcome}) <= 1
    settings = sorted({scale.current, *dialled(scale.current), *(() if alike else gridded(scale.current))})
    sums, asked, score = _Sums.of(operations, ladder.held), ladder.by_rules(), ladder.score()
    cells = sums.cells(asked, score)
    swept = [scale.point(cells, thresholds, "") for thresholds in settings]
    tried: list[TradeOffPoint] = []
    for number in _worth_leaving_out(answers):
        rows = answers.fired_by(number)
        mine = sums.at(rows)
        left = cells - mine.cells(asked[rows], score[rows]) + mine.cells(*ladder.parts_without(number, rows))
        tried += [scale.point(left, thresholds, policy.rules[number].id) for thresholds in settings]
    points = [*swept, *tried]
    best = front(points, "disturbed" if alike else "seconds")
    told_points = [
        msgspec.structs.replace(point, is_best=place in best)
        for place, point in enumerate(points)
        if place in best or (place < len(swept) and (alike or point.is_current))
    ]
    return TradeOff(
        bands=[outcome.word for outcome in scale.then],
        searched=len(points),
        friction="disturbed" if alike else "seconds",
        points=told_points,
        **told.words,
    )


def dialled(current: Thresholds) -> Iterable[Thresholds]:
    """All thresholds moved together, from a tenth to ten times what they are, rising throughout."""
    low, high = DIAL
    for step in range(STEPS + 1):
        factor = low * (high / low) ** (step / STEPS)
        moved: list[int] = []
        for threshold in current:
            floor = moved[-1] + 1 if moved else 1
            moved.append(max(floor, min(round(threshold * factor), _WIDTH + len(moved))))
        yield tuple(moved)


def gridded(current: Thresholds) -> Iterable[Thresholds]:
    """Each threshold on its own, on an even grid; nothing for one band or for more than three."""
    steps = GRID_STEPS.get(len(current))
    if steps is None:
        return []
    highest = min(_WIDTH, 2 * current[-1])
    places = sorted({max(1, round(highest * step / steps)) for step in range(1, steps + 1)} | {_WIDTH})
    return combinations(places, len(current))


def front(points: Sequence[TradeOffPoint], friction: str) -> set[int]:
    """The places of the points that no other point beats: less friction and at least as much saved.

    Of equal points the first stands: all rules before one left out.
    """
    order = sorted(range(len(points)), key=lambda p: (getattr(points[p], friction), -points[p].saved, p))
    best: set[int] = set()
    saved = -1
    for place in order:
        if points[place].saved > saved:
            saved = points[place].saved
            best.add(place)
    return best


def _worth_leaving_out(answers: Answers) -> list[int]:
    """The rules that fire and have an effect, the busiest first."""
    rules = answers.policy.rules
    found = [
        (len(answers.fired_by(number)), number)
        for number, rule in enumerate(rules)
        if rule.then > Outcome.ALLOW or rule.score
    ]
    return [number for fired, number in sorted(found, reverse=True)[:RULES_MAX] if fired]
