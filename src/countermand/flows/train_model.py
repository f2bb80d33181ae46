"""A model learns: rows split by time, trees, calibration, a judgement on later rows, a file and its card."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from countermand.kernel.clock import rfc3339
from countermand.kernel.errors import BadRequest
from countermand.oversight.drift import baseline_of
from countermand.oversight.intervals import bootstrap_ends
from countermand.oversight.measures import auc_roc, average_precision, calibration_error, card_precision
from countermand.policy.bound import BoundModel
from countermand.policy.declarations import Model
from countermand.vocabulary.models import (
    Calibration,
    Fitted,
    InputBaseline,
    Interval,
    ModelCard,
    Rows,
    Span,
    SubgroupRate,
    Training,
)

SHARES = (0.6, 0.1, 0.1)  # of the time: learning, stopping, calibration; the rest, the latest, judges
FRAUD_LEAST = 10
FLAGGED_SHARE = 0.01  # the threshold of subgroup rates where no band names one
_DAY = 86400 * 10**6
_ROWS_MEASURED_MAX = 200_000


class Learner(Protocol):
    """Whoever can learn a model from rows."""

    def fit(self, rows: Rows, tune: Rows, calibrate: Rows, training: Training) -> Fitted:
        """A model of `rows`. `tune` tells when to stop, `calibrate` what a score is worth; empty: neither."""
        ...


class BatchScorer(Protocol):
    """A model that scores many rows at once."""

    def many(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Scores from 0 to 1; shape (n, inputs) to (n,)."""
        ...


@dataclass(frozen=True, slots=True)
class Split:
    """Rows by time. Between what learns and what comes after lies the time that labels take."""

    train: Rows
    tune: Rows
    calibrate: Rows
    test: Rows


@dataclass(frozen=True, slots=True)
class Background:
    """What the card says beside the figures: where the rows come from, who learnt, when, by which code."""

    policy: str
    source: str
    labels: str
    delay: int
    trained_at: int
    code: str
    notes: tuple[str, ...] = ()


def split_by_time(rows: Rows, delay: int) -> Split:
    """The earliest rows learn, later ones stop and calibrate, the latest judge; `delay` in microseconds.

    Whatever teaches is older than `delay` when the next part begins: its label was not known before.
    Raises BadRequest (`too_little_to_learn`).
    """
    at = rows.at
    begin, end = (int(at.min()), int(at.max())) if rows.size else (0, 0)
    time = max(0, end - begin - 2 * delay)
    learnt = begin + time * SHARES[0]
    stopped = learnt + delay + time * SHARES[1]
    calibrated = stopped + time * SHARES[2]
    split = Split(
        rows.only(at < learnt),
        rows.only((at >= learnt + delay) & (at < stopped)),
        rows.only((at >= stopped) & (at < calibrated)),
        rows.only(at >= calibrated + delay),
    )
    for part, name in ((split.train, "learning"), (split.test, "judging")):
        fraud = int(part.fraud.sum())
        if fraud < FRAUD_LEAST or fraud == part.size:
            raise BadRequest(
                "too_little_to_learn",
                f"The rows for {name} hold {fraud} frauds among {part.size}; it takes {FRAUD_LEAST} or "
                "more, and honest operations too. Give more history, or a shorter label delay.",
                f"用于训练或评估的数据中只有 {fraud} 笔欺诈（共 {part.size} 笔），"
                f"至少需要 {FRAUD_LEAST} 笔，"
                "且需有正常操作。请提供更长的历史，或更短的标签延迟。",
                rows=part.size,
                fraud=fraud,
            )
    return split


def groups_within(
    rows: Rows, split: Split, groups: Mapping[str, NDArray[np.int64]]
) -> dict[str, NDArray[np.bool_]]:
    """Each group's rows among those that judge, as a mask; `groups` are places in all rows."""
    judged = np.flatnonzero(rows.at >= split.test.at.min())
    return {name: np.isin(judged, places) for name, places in groups.items()}


def card_of(
    model: BoundModel,
    declared: Model,
    split: Split,
    groups: Mapping[str, NDArray[np.bool_]],
    fitted: Fitted,
    scorer: BatchScorer,
    training: Training,
    background: Background,
) -> ModelCard:
    """The card: how good the file itself is on the latest rows; `groups` are masks over those rows."""
    test = split.test
    scores = scorer.many(np.ascontiguousarray(test.facts))
    train_scores = scorer.many(np.ascontiguousarray(split.train.facts))
    threshold = (
        declared.bands[0].at_least if declared.bands else float(np.quantile(scores, 1 - FLAGGED_SHARE))
    )
    columns = zip(model.inputs, split.train.facts.T, strict=True)
    return ModelCard(
        inputs=list(model.inputs),
        name=model.name,
        title=model.title.en,
        policy=background.policy,
        source=background.source,
        labels=background.labels,
        label_delay_seconds=background.delay // 10**6,
        train=_span(split.train),
        tune=_span(split.tune),
        calibrate=_span(split.calibrate),
        test=_span(test),
        metrics=measured(scores, test, training.seed),
        calibration=Calibration(
            fitted.calibration, split.calibrate.size, calibration_error(scores, test.fraud)
        ),
        threshold=threshold,
        subgroups=[_rates(name, scores[mask], test.fraud[mask], threshold) for name, mask in groups.items()],
        importance=dict(zip(model.inputs, fitted.importance, strict=True)),
        baselines=[InputBaseline(name, **baseline_of(column)) for name, column in columns],
        score_baseline=InputBaseline(model.fact, **baseline_of(train_scores)),
        trainer=fitted.trainer,
        parameters=fitted.parameters,
        trees=fitted.trees,
        seed=training.seed,
        trained_at=rfc3339(background.trained_at),
        code=background.code,
        difference_max=fitted.difference_max,
        notes=list(background.notes),
    )


def measured(scores: NDArray[np.float64], rows: Rows, seed: int) -> dict[str, Interval]:
    """AUC, average precision and card precision of scores on rows, each with its interval."""
    days = rows.at // _DAY
    fraud, accounts = rows.fraud, rows.accounts
    measures: dict[str, Callable[[NDArray[np.int64]], float | None]] = {
        "auc_roc": lambda at: auc_roc(scores[at], fraud[at]),
        "average_precision": lambda at: average_precision(scores[at], fraud[at]),
        "card_precision_at_100": lambda at: card_precision(scores[at], fraud[at], days[at], accounts[at]),
    }
    everything = np.arange(rows.size)
    found: dict[str, Interval] = {}
    for name, measure in measures.items():
        # Drawing an account twice makes it one busier card, which card precision cannot tell from one.
        drawn = not name.startswith("card") and rows.size <= _ROWS_MEASURED_MAX
        bounds = bootstrap_ends(accounts, measure, seed) if drawn else None
        found[name] = Interval(measure(everything), *(bounds or (None, None)))
    return found


def _rates(name: str, scores: NDArray[np.float64], fraud: NDArray[np.int8], threshold: float) -> SubgroupRate:
    flagged, bad = scores >= threshold, fraud == 1
    honest = int((~bad).sum())
    return SubgroupRate(
        group=name,
        rows=len(scores),
        fraud=int(bad.sum()),
        flagged=float(flagged.mean()) if len(scores) else 0.0,
        false_positive=float((flagged & ~bad).sum() / honest) if honest else None,
        recall=float((flagged & bad).sum() / bad.sum()) if bad.any() else None,
    )


def _span(rows: Rows) -> Span | None:
    if rows.size == 0:
        return None
    return Span(rfc3339(int(rows.at.min())), rfc3339(int(rows.at.max())), rows.size, int(rows.fraud.sum()))
