"""Goal: the measures of a replay are exact, ties included.

Method: compare with scikit-learn and, for card precision, with the slow definition of the handbook.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from countermand.oversight.measures import auc_roc, average_precision, calibration_error, card_precision

labelled = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 1)), min_size=2, max_size=60)


@given(labelled)
def test_ranking_measures_equal_those_of_scikit_learn(rows):
    """AUC and average precision are the published ones, with many equal scores too."""
    scores, fraud = (np.array(column) for column in zip(*rows, strict=True))
    if fraud.min() != fraud.max():
        assert auc_roc(scores, fraud) == pytest.approx(roc_auc_score(fraud, scores), abs=1e-12)
    if fraud.max() == 1:
        assert average_precision(scores, fraud) == pytest.approx(
            average_precision_score(fraud, scores), abs=1e-12
        )


@pytest.mark.parametrize(
    ("measure", "fraud"), [(auc_roc, [0, 0]), (auc_roc, [1, 1]), (average_precision, [0, 0])]
)
def test_a_measure_without_a_meaning_is_none(measure, fraud):
    """Where one kind is missing there is nothing to measure, and no number is made up."""
    assert measure(np.array([1, 2]), np.array(fraud)) is None


def slow_card_precision(rows, each_day):
    """Day by day, card by card, as the handbook tells it."""
    known, shares = set(), []
    for day in sorted({row[2] for row in rows}):
        cards = {}
        for score, fraud, when, card in rows:
            if when == day and card not in known:
                highest, bad = cards.get(card, (-1, 0))
                cards[card] = (max(highest, score), max(bad, fraud))
        chosen = sorted(cards, key=lambda card: (-cards[card][0], card))[:each_day]
        found = [card for card in chosen if cards[card][1]]
        known.update(found)
        shares.append(len(found) / each_day)
    return sum(shares) / len(shares)


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 1), st.integers(0, 4), st.integers(0, 9)),
        min_size=1,
        max_size=80,
    ),
    st.integers(1, 4),
)
def test_card_precision_equals_its_slow_definition(rows, each_day):
    """The fast form agrees with the obvious one on any days, cards and ties."""
    scores, fraud, days, cards = (np.array(column) for column in zip(*rows, strict=True))
    assert card_precision(scores, fraud, days, cards, each_day) == pytest.approx(
        slow_card_precision(rows, each_day), abs=1e-12
    )


def test_a_found_card_leaves_the_following_days():
    """A card found on the first day makes room on the second."""
    scores, fraud = np.array([9, 9, 5]), np.array([1, 1, 1])
    assert card_precision(scores, fraud, np.array([0, 1, 1]), np.array([1, 1, 2]), 1) == 1.0
    assert card_precision(scores, fraud * [1, 1, 0], np.array([0, 1, 1]), np.array([1, 1, 2]), 1) == 0.5


def test_without_operations_there_is_no_card_precision():
    """Nothing was replayed: no day, no mean."""
    empty = np.array([], dtype=np.int64)
    assert card_precision(empty, empty, empty, empty) is None


def test_a_wrong_scale_is_a_calibration_error():
    """Scores of a half where nothing is fraud are wrong by a half."""
    assert calibration_error(np.full(100, 0.5), np.zeros(100)) == pytest.approx(0.5)
    assert calibration_error(np.array([]), np.array([])) is None
    assert auc_roc(np.full(4, 0.5), np.array([0, 1, 0, 1])) == 0.5
