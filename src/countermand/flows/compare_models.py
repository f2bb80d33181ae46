"""Champion and challengers on the same operations: who finds more fraud, and is it more than luck?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from countermand.flows.model_rows import Record, rows_of_record
from countermand.flows.train_model import BatchScorer, measured
from countermand.kernel.clock import micros_of
from countermand.kernel.errors import BadRequest
from countermand.oversight.intervals import bootstrap_ends
from countermand.oversight.measures import Measure, auc_roc, average_precision
from countermand.policy.bound import BoundModel
from countermand.vocabulary.models import Interval, ModelCard, Rows

FRAUD_LEAST = 2


class Models(Protocol):
    """Model files with their cards."""

    def find(self, prefix: str) -> ModelCard: ...

    def opened(self, name: str, called: str, inputs: int | None = None) -> BatchScorer: ...


@dataclass(frozen=True, slots=True)
class Compared:
    """One model's measures, and how much better than the champion it is, drawn on the same accounts."""

    model: str
    champion: bool
    metrics: dict[str, Interval]
    better_by: dict[str, Interval]


def compare_models(rows: Rows, names: Sequence[str], champion: str, seed: int) -> list[Compared]:
    """`rows.facts` holds one column of scores for each name; rows that a model did not score are left out.

    Raises BadRequest (`too_little_to_compare`).
    """
    scored = np.flatnonzero(np.isfinite(rows.facts).all(axis=1))
    whole = rows.only(scored)
    fraud = int(whole.fraud.sum())
    if fraud < FRAUD_LEAST or fraud == whole.size:
        raise BadRequest(
            "too_little_to_compare",
            f"{whole.size} operations have a label and every score, {fraud} of them fraud: too few.",
            f"有标签且全部模型均已评分的操作共 {whole.size} 笔，欺诈 {fraud} 笔：不足以比较。",
            rows=whole.size,
            fraud=fraud,
        )
    best = whole.facts[:, names.index(champion)]
    found = []
    for place, name in enumerate(names):
        scores = whole.facts[:, place]
        better = {} if name == champion else _difference(scores, best, whole, seed)
        found.append(Compared(name, name == champion, measured(scores, whole, seed), better))
    return found


def _difference(
    scores: NDArray[np.float64], best: NDArray[np.float64], rows: Rows, seed: int
) -> dict[str, Interval]:
    found: dict[str, Interval] = {}
    for name, measure in (("auc_roc", auc_roc), ("average_precision", average_precision)):

        def gained(at: NDArray[np.int64], measure: Measure = measure) -> float | None:
            mine, theirs = measure(scores[at], rows.fraud[at]), measure(best[at], rows.fraud[at])
            return None if mine is None or theirs is None else mine - theirs

        everything = np.arange(rows.size)
        bounds = bootstrap_ends(rows.accounts, gained, seed)
        found[name] = Interval(gained(everything), *(bounds or (None, None)))
    return found


async def recorded_scores(
    record: Record, sources: Mapping[int, Mapping[str, str]], models: Sequence[BoundModel], shelf: Models
) -> Rows:
    """A column of scores for each model, of what was decided here and has a label, from its recorded facts.

    Only operations later than all that any of the models learnt from: on those, who learnt longer would seem
    better. A kind that a model does not score, an essential input that is unknown: no score, as live. What
    the policy of the time did not record is unknown. Raises SetupError where a file cannot be trusted.
    """
    trained = [one for one in models if one.file is not None]
    inputs = list(dict.fromkeys(name for one in trained for name in one.inputs))
    collector = await rows_of_record(record, sources, inputs)
    rows = collector.rows()
    later = rows.at > max((learnt_until(shelf.find(one.file or "")) for one in trained), default=0)
    columns = [np.full(rows.size, np.nan) for _ in models]
    groups = collector.groups()
    for column, model in zip(columns, models, strict=True):
        if model.file is None:
            continue
        scored = later & _of_kinds(model, groups, rows.size)
        for name in model.essential:
            scored &= ~np.isnan(rows.facts[:, inputs.index(name)])
        facts = np.ascontiguousarray(rows.facts[scored][:, [inputs.index(name) for name in model.inputs]])
        column[scored] = shelf.opened(model.file, model.name, len(model.inputs)).many(facts)
    return Rows(np.column_stack(columns), rows.fraud, rows.at, rows.accounts)


def learnt_until(card: ModelCard) -> int:
    """When the last operation occurred that had a part in a model, in microseconds; 0 where nothing tells."""
    spans = (card.train, card.tune, card.calibrate)
    return max((micros_of(datetime.fromisoformat(one.end)) for one in spans if one is not None), default=0)


def _of_kinds(model: BoundModel, groups: Mapping[str, NDArray[np.int64]], count: int) -> NDArray[np.bool_]:
    """Which rows are of a kind that the model scores."""
    mask = np.full(count, model.kinds is None)
    for kind in model.kinds or ():
        mask[groups.get(f"kind={kind.value}", np.zeros(0, np.int64))] = True
    return mask
