"""Goal: drift is seen when it is there, and only then; a score is explained by what is unusual.

Method: seeded samples.
"""

import numpy as np
import pytest

from countermand.oversight.drift import baseline_of, counts_in, edges_of, stability_index
from countermand.oversight.factors import effects, strongest, usual_row


def chance(seed=1):
    """A seeded source of numbers."""
    return np.random.default_rng(seed)


def test_the_same_distribution_has_no_drift_and_another_has():
    """A shift by one deviation is far by the usual reading; a fresh sample of the same is not."""
    learnt = baseline_of(chance(1).normal(size=5000))
    same, _ = counts_in(chance(2).normal(size=5000), learnt["edges"])
    moved, _ = counts_in(chance(3).normal(1.0, size=5000), learnt["edges"])
    assert stability_index(learnt["counts"], same) < 0.02
    assert stability_index(learnt["counts"], moved) > 0.25


def test_unknown_values_are_counted_apart():
    """Every value lands in exactly one place."""
    values = np.array([1.0, np.nan, 1.0, 5.0, 9.0, np.nan])
    counts, unknown = counts_in(values, edges_of(values))
    assert (sum(counts), unknown) == (4, 2)
    assert baseline_of(np.array([np.nan]))["median"] is None


def test_a_constant_has_one_bin():
    """Nothing to cut where nothing differs."""
    assert edges_of(np.array([3.0, 3.0, 3.0])) == []
    assert counts_in(np.array([3.0, 4.0]), []) == ([2], 0)


def test_an_empty_histogram_says_nothing():
    """No rows, no index."""
    assert stability_index([0, 0], [1, 2]) is None


def test_the_input_that_is_unusual_and_counts_is_named_first():
    """A model that looks at one input has one reason; what is as usual is none."""
    many = lambda rows: 1 / (1 + np.exp(-rows[:, 1]))  # noqa: E731 - a model in one line
    usual = usual_row(np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0]]), np.array([5.0, 5.0]))
    score, effect = effects(np.array([1.0, 4.0]), usual, many)
    assert score == pytest.approx(0.982, abs=1e-3)
    assert list(strongest(effect, 5, 0.01)) == [1]
    assert list(usual_row(np.array([[1.0, np.nan]]), np.array([5.0, 6.0]))) == [5.0, 6.0]
