"""The headline figures of one policy, with their resampled values, so that two policies can be compared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from countermand.oversight.figures import A_DAY, MINOR, OPERATIONS, SECONDS, SHARE, Figure
from countermand.oversight.intervals import Resamples, drawn, ends, share_ends
from countermand.oversight.ladder import Ladder
from countermand.oversight.measures import auc_roc, average_precision, card_shares
from countermand.oversight.results import OUTCOMES, Answers, Column, Operations
from countermand.oversight.tallies import Provenance
from countermand.vocabulary.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value, its unit, the same in every resample, and where it is a plain share, what it counts."""

    value: float | int | None
    unit: str
    samples: Column | None
    counted: tuple[int, int] | None = None

    def figure(self, told: Provenance) -> Figure:
        """With Wilson's interval for a share, the bootstrap's for the rest."""
        if self.counted is not None:
            return told.figure(self.value, self.unit, share_ends(*self.counted), "wilson")
        bounds = None if self.samples is None else ends(self.samples)
        return told.figure(self.value, self.unit, bounds, "bootstrap")


Estimates = dict[str, Estimate]


def estimates_of(
    operations: Operations, answers: Answers, ladder: Ladder, resamples: Resamples, seed: int, each_day: int
) -> Estimates:
    """Everything that can be said in one number; what needs labels is there only where some are."""
    found = alerts(operations, answers, resamples, seed)
    found |= friction(operations, answers, ladder, resamples)
    if (operations.label >= 0).any():
        found |= detection(operations, answers, resamples)
        found |= ranking(operations, answers, resamples, seed, each_day)
    if operations.fraud.any():
        found |= losses(operations, answers, resamples)
    return found


def alerts(operations: Operations, answers: Answers, resamples: Resamples, seed: int) -> Estimates:
    """How many operations are not simply allowed."""
    count, stopped = len(operations), answers.stopped
    daily = np.bincount((operations.day - operations.day.min())[stopped], minlength=operations.days)
    weights = drawn(len(daily), seed, len(resamples.weights))
    return {
        "alerts": Estimate(int(stopped.sum()), OPERATIONS, resamples.totals(stopped)),
        "alert_share": _share(stopped, np.ones(count), resamples),
        "alerts_a_day": Estimate(float(daily.mean()), A_DAY, weights @ daily / len(daily)),
    }


def detection(operations: Operations, answers: Answers, resamples: Resamples) -> Estimates:
    """How well the alerts meet the fraud; an alert is an operation that is not simply allowed."""
    stopped, fraud, genuine = answers.stopped, operations.fraud, operations.genuine
    hits, misses, wrong = stopped & fraud, ~stopped & fraud, stopped & genuine
    below = 2 * hits.sum() + misses.sum() + wrong.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        resampled = 2 * resamples.totals(hits) / resamples.totals(2 * hits + misses + wrong)
        each = resamples.totals(wrong) / resamples.totals(hits)
    return {
        "precision": _share(hits, stopped & (fraud | genuine), resamples),
        "recall": _share(hits, fraud, resamples),
        "false_positive_rate": _share(wrong, genuine, resamples),
        "f1": Estimate(float(2 * hits.sum() / below) if below else None, SHARE, resampled),
        "false_positives_each_fraud": Estimate(
            float(wrong.sum() / hits.sum()) if hits.any() else None, OPERATIONS, each
        ),
    }


def ranking(
    operations: Operations, answers: Answers, resamples: Resamples, seed: int, each_day: int
) -> Estimates:
    """How well the score orders the labelled operations."""
    known = operations.label >= 0
    scores, fraud = answers.score[known], operations.label[known]
    values, place = np.unique(answers.score, return_inverse=True)
    honest = resamples.by_value(place, operations.genuine, len(values))
    bad = resamples.by_value(place, operations.fraud, len(values))
    days = operations.day[known]
    shares = card_shares(scores, fraud, days, operations.account[known], each_day)
    weights = drawn(len(shares), seed, len(resamples.weights))
    return {
        "auc_roc": Estimate(auc_roc(scores, fraud), SHARE, _auc(honest, bad)),
        "average_precision": Estimate(average_precision(scores, fraud), SHARE, _precision(honest, bad)),
        "card_precision": Estimate(float(shares.mean()), SHARE, weights @ shares / len(shares)),
    }


def losses(operations: Operations, answers: Answers, resamples: Resamples) -> Estimates:
    """Money of labelled fraud: all of it, what was not simply allowed, and what that is assumed to save."""
    lost = operations.money * operations.fraud
    stopped, saved = lost * answers.stopped, lost * answers.stops
    total, resampled = int(lost.sum()), resamples.totals(lost)
    stopped_again, saved_again = resamples.totals(stopped), resamples.totals(saved)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(resampled > 0, stopped_again / resampled, np.nan)
    return {
        "loss_total": Estimate(total, MINOR, resampled),
        "loss_stopped": Estimate(int(stopped.sum()), MINOR, stopped_again),
        "loss_stopped_share": Estimate(float(stopped.sum() / total) if total else None, SHARE, shares),
        "loss_saved": Estimate(round(float(saved.sum())), MINOR, saved_again),
        "loss_let_through": Estimate(total - int(stopped.sum()), MINOR, resampled - stopped_again),
    }


def friction(operations: Operations, answers: Answers, ladder: Ladder, resamples: Resamples) -> Estimates:
    """What it costs those who are not known to be fraudsters: questions, waiting, money kept back."""
    others = ~operations.fraud
    takes = seconds_of(answers, ladder) * others
    asked = takes * (answers.outcome == Outcome.CHALLENGE)
    waited = takes - asked
    kept = operations.money * (answers.stopped & others)
    return {
        "challenges": Estimate(
            int((answers.outcome == Outcome.CHALLENGE).sum()),
            OPERATIONS,
            resamples.totals(answers.outcome == Outcome.CHALLENGE),
        ),
        "step_up_rate": _share(answers.outcome == Outcome.CHALLENGE, np.ones(len(operations)), resamples),
        "disturbed_share": _share(answers.stopped & others, others, resamples),
        "disturbed_money": Estimate(int(kept.sum()), MINOR, resamples.totals(kept)),
        "seconds_asked": _mean(asked, others, resamples),
        "seconds_waited": _mean(waited, others, resamples),
    }


def seconds_of(answers: Answers, ladder: Ladder) -> Column:
    """What each answer takes its customer, in seconds."""
    known = answers.policy.answers
    table = [0, *(known[Outcome(number)].takes_seconds or 0 for number in range(1, len(OUTCOMES)))]
    return np.where(answers.outcome == Outcome.HOLD, ladder.held, np.array(table)[answers.outcome])


def _share(hits: Column, of: Column, resamples: Resamples) -> Estimate:
    above, below = int(hits.sum()), int(of.sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        samples = resamples.totals(hits) / resamples.totals(of)
    return Estimate(above / below if below else None, SHARE, samples, (above, below))


def _mean(values: Column, of: Column, resamples: Resamples) -> Estimate:
    count = int(of.sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        samples = resamples.totals(values) / resamples.totals(of)
    return Estimate(float(values.sum() / count) if count else None, SECONDS, samples)


def _auc(honest: Column, bad: Column) -> Column:
    """The area under the curve in every resample; columns are the distinct scores, rising."""
    below = np.cumsum(honest, axis=1) - honest
    pairs = honest.sum(axis=1) * bad.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((bad * (below + honest / 2)).sum(axis=1) / pairs)


def _precision(honest: Column, bad: Column) -> Column:
    """The average precision in every resample."""
    found = np.cumsum(bad[:, ::-1], axis=1)
    seen = found + np.cumsum(honest[:, ::-1], axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.where(seen > 0, found / seen, 0.0)
        return np.asarray((bad[:, ::-1] * precision).sum(axis=1) / bad.sum(axis=1))
