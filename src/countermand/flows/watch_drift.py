"""Is the world still the one a model learnt? Its inputs and scores of late, against the card's baselines."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from countermand.flows.explain_score import Programs, row_of
from countermand.flows.replay_decision import PolicyShelf
from countermand.oversight.adaptive_window import AdaptiveWindow
from countermand.oversight.drift import FAR, MOVED, counts_in, stability_index
from countermand.policy.bound import BoundModel
from countermand.vocabulary.models import InputBaseline, ModelCard, RecordedFacts

LATEST_MAX = 20_000
LEAST = 100


class LatestFacts(Protocol):
    """Recorded facts."""

    async def latest(self, count: int) -> list[RecordedFacts]:
        """Those of the last operations, newest first."""
        ...


class DriftDesk(Protocol):
    """What this story needs of the desk."""

    @property
    def policy_shelf(self) -> PolicyShelf: ...

    @property
    def recorded_facts(self) -> LatestFacts: ...


@dataclass(frozen=True, slots=True)
class Drift:
    """One input (or the score) of a model: its PSI against the baseline, and how often it is unknown.

    `verdict` is `same`, `moved`, `far`, or `unknown` where there is too little to tell. Of the score also
    what ADWIN says: whether its mean has moved within these operations, and the mean since it last did.
    """

    model: str
    name: str
    index: float | None
    unknown_before: float
    unknown_now: float
    rows: int
    verdict: str
    mean_moved: bool = False
    mean_now: float | None = None
    mean_rows: int = 0


async def watch_drift(
    desk: DriftDesk, models: Sequence[BoundModel], cards: Sequence[ModelCard], count: int = LATEST_MAX
) -> list[Drift]:
    """Every input and the score of each model, over the last operations of the kinds that it scores."""
    programs = Programs(desk.policy_shelf)
    recorded = await desk.recorded_facts.latest(count)
    named = [
        (one.kind, dict(zip((await programs.program(one.policy_id)).index, one.facts, strict=True)))
        for one in recorded
    ]
    found: list[Drift] = []
    for model, card in zip(models, cards, strict=True):
        mine = [facts for kind, facts in named if model.kinds is None or kind in model.kinds]
        columns = [*model.inputs, model.fact]
        table = np.array([row_of(columns, facts) for facts in mine]).reshape(-1, len(columns))
        found += _drifts(model, card, columns, table)
    return found


def _drifts(
    model: BoundModel, card: ModelCard, columns: Sequence[str], table: NDArray[np.float64]
) -> Iterable[Drift]:
    baselines = baselines_of(model, card)
    scores = adaptive_window_of(table[::-1, -1])
    for place, name in enumerate(columns):
        base = baselines.get(name)
        if base is not None:
            drift = drift_of(model.name, base, *counts_in(table[:, place], base.edges))
            yield with_mean(drift, scores) if name == model.fact else drift


def baselines_of(model: BoundModel, card: ModelCard) -> dict[str, InputBaseline]:
    """How the inputs and the score were distributed where the model learnt, by name of the fact."""
    found = {one.name: one for one in card.baselines}
    if card.score_baseline is not None:
        found[model.fact] = card.score_baseline
    return found


def drift_of(model: str, base: InputBaseline, counts: Sequence[int], unknown: int) -> Drift:
    """The drift of one column: how many fell in each bin of the baseline now, and how many are unknown."""
    before, now = sum(base.counts) + base.unknown, sum(counts) + unknown
    index = stability_index([*base.counts, base.unknown], [*counts, unknown]) if now >= LEAST else None
    return Drift(
        model,
        base.name,
        index,
        base.unknown / before if before else 0.0,
        unknown / now if now else 0.0,
        now,
        verdict(index),
    )


def with_mean(drift: Drift, scores: AdaptiveWindow) -> Drift:
    """The drift of a score, with what its mean has done."""
    return replace(drift, mean_moved=scores.moves > 0, mean_now=scores.mean, mean_rows=scores.size)


def verdict(index: float | None) -> str:
    """How a stability index reads."""
    if index is None:
        return "unknown"
    return "far" if index >= FAR else "moved" if index >= MOVED else "same"


def adaptive_window_of(scores: Iterable[float]) -> AdaptiveWindow:
    """ADWIN over scores, oldest first; unknown ones say nothing."""
    window = AdaptiveWindow()
    for score in scores:
        if not math.isnan(score):
            window.see(float(score))
    return window
