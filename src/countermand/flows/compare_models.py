"""Champion and challengers on the same operations: who finds more fraud, and is it more than luck?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from countermand.flows.train_model import measured
from countermand.kernel.errors import BadRequest
from countermand.oversight.measures import auc_roc, average_precision
from countermand.oversight.resampling import Measure, bootstrap, interval
from countermand.vocabulary.models import Interval, Rows

FRAUD_LEAST = 2


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
        found[name] = Interval(gained(everything), *interval(bootstrap(rows.accounts, gained, seed)))
    return found
