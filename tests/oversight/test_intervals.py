"""Goal: intervals hold what they promise. Method: exact laws, and counting how often they hold."""

from __future__ import annotations

import numpy as np

from countermand.oversight.intervals import GROUPS_MAX, Resamples, drawn, ends, mean_ends, ratio_ends


def test_every_resample_draws_as_many_groups_as_there_are():
    """Rows sum to the number of groups; the same seed draws the same, another one does not."""
    one = drawn(50, 7, 200)
    assert (one.sum(axis=1) == 50).all()
    assert (one == drawn(50, 7, 200)).all()
    assert (one != drawn(50, 8, 200)).any()


def test_a_customer_is_drawn_whole():
    """All operations of an account are in one group, and a total follows the drawn groups exactly."""
    accounts = np.array([0, 1, 0, 2, 1, 0])
    values = np.array([1, 10, 2, 100, 20, 4])
    resamples = Resamples.of(accounts, 3, 50)
    expected = [7 * w[0] + 30 * w[1] + 100 * w[2] for w in resamples.weights]
    assert resamples.totals(values).tolist() == expected
    rows = np.array([3, 4])
    assert resamples.totals(values[rows], rows).tolist() == [
        20 * w[1] + 100 * w[2] for w in resamples.weights
    ]
    many = Resamples.of(np.arange(GROUPS_MAX * 3), 1, 10)
    assert many.weights.shape == (10, GROUPS_MAX)


def test_the_bootstrap_holds_the_truth_about_as_often_as_it_says():
    """Of 200 samples of 150 customers, some 95 % of the intervals hold the true share of money."""
    chance = np.random.default_rng(11)
    held = 0
    for trial in range(200):
        accounts = np.repeat(np.arange(150), 4)
        money = chance.exponential(100, 600)
        stopped = money * (chance.random(600) < 0.3)
        resamples = Resamples.of(accounts, trial, 300)
        low, high = ratio_ends(resamples.totals(stopped), resamples.totals(money))
        held += low <= 0.3 <= high
    assert 178 <= held <= 200


def test_what_has_no_meaning_has_no_interval():
    """Shares of nothing are not bounded; a mean over one day neither."""
    nothing = np.zeros(10)
    assert ratio_ends(nothing, nothing) is None
    assert ends(np.full(10, np.nan)) is None
    assert mean_ends(np.array([3.0]), 1) is None
    assert mean_ends(np.array([3.0, 3.0, 3.0]), 1) == (3.0, 3.0)
