"""How good a triage model is, by messages held back: no calibration judges its own fold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score, roc_auc_score

from countermand.adapters.classifiers import calibrating
from countermand.adapters.classifiers.linear_learner import FLAGS, WANTED, Learnt, goals_of
from countermand.vocabulary.triage import Category, LabelledMessage

_COUNT = len(Category)


def judged(
    learnt: Learnt, messages: Sequence[LabelledMessage]
) -> tuple[dict[str, float], dict[str, list[list[float]]]]:
    """The measures of a model's card, and its two tables of reliability."""
    goals = goals_of(messages)
    confidence, claimed = held_back(learnt.margins, goals, learnt.folds)
    kinds, told = goals[:, :_COUNT].argmax(axis=1), learnt.margins[:, :_COUNT].argmax(axis=1)
    claims = goals[:, _COUNT]
    error, category_rows = calibrating.reliability(confidence, kinds == told)
    claim_error, claim_rows = calibrating.reliability(claimed, claims)
    measures = {
        "accuracy": float((kinds == told).mean()),
        "macro_f1": float(f1_score(kinds, told, average="macro")),
        "category_calibration_error": error,
        "unauthorised_calibration_error": claim_error,
    }
    if 0 < claims.sum() < len(claims):
        flagged = claimed >= learnt.file.thresholds[str(FLAGS[0])]
        measures |= {
            "unauthorised_auc": float(roc_auc_score(claims, claimed)),
            "unauthorised_recall": float(flagged[claims == 1].mean()),
            "unauthorised_false_escalation": float(flagged[claims == 0].mean()),
        }
    rounded = {name: round(value, 4) for name, value in measures.items()}
    return rounded, {"category": category_rows, "unauthorised": claim_rows}


def held_back(
    margins: NDArray[np.float64], goals: NDArray[np.int8], folds: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The confidence in the first category, and the probability of `unauthorised`; shapes (messages,)."""
    confidence, claimed = np.zeros(len(goals)), np.zeros(len(goals))
    places = [number for number, name in enumerate(Category) if name in WANTED]
    for fold in np.unique(folds):
        held = folds == fold
        line, _ = calibrating.calibrated(margins[~held], goals[~held], FLAGS, WANTED)
        shares = calibrating.softmax(line.sharpness * margins[held, :_COUNT])
        slope, offset = line.confidence
        confidence[held] = logistic(slope * calibrating.odds_of(shares.max(axis=1)) + offset)
        slope, share, offset = line.flags[str(FLAGS[0])]
        given = calibrating.flag_inputs(margins[held], _COUNT, _COUNT, places, shared=True)
        claimed[held] = logistic(given @ np.asarray([slope, share]) + offset)
    return confidence, claimed


def logistic(odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """The probability of log odds."""
    told: NDArray[np.float64] = 1 / (1 + np.exp(-odds))
    return told


def counted(messages: Sequence[LabelledMessage]) -> Mapping[str, Any]:
    """How many messages of each language, category and flag."""
    languages = sorted({message.lang for message in messages})
    return {
        "languages": {one: sum(message.lang == one for message in messages) for one in languages},
        "categories": {str(one): sum(message.category == one for message in messages) for one in Category},
        "flags": {str(one): sum(getattr(message, one) for message in messages) for one in FLAGS},
    }
