"""Goal: intervals hold what they promise. Method: exact laws, and counting how often they hold."""

from __future__ import annotations

import numpy as np

from countermand.oversight.intervals import (
    GROUPS_MAX,
    RESAMPLES_OF_ROWS,
    Resamples,
    bootstrap_ends,
    drawn,
    ends,
    mean_ends,
    ratio_ends,
)


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


def test_an_interval_of_rows_covers_the_truth():
    """Nineteen times in twenty, give or take: over two hundred seeded samples, at least 178."""
    covered = 0
    for seed in range(200):
        chance = np.random.default_rng(seed)
        values, accounts = chance.normal(1.0, 1.0, 300), np.repeat(np.arange(100), 3)
        low, high = bootstrap_ends(accounts, lambda at, v=values: float(v[at].mean()), seed + 1000)
        covered += low <= 1.0 <= high
    assert 178 <= covered <= 200


def test_draws_of_rows_take_whole_accounts():
    """What an account did stays together; as many accounts are drawn as there are, whatever their numbers."""
    accounts, draws = np.array([7, 9, 7, 9, 9]), []

    def whole(at):
        sevens, nines = (accounts[at] == 7).sum(), (accounts[at] == 9).sum()
        assert sevens // 2 + nines // 3 == 2
        assert sevens % 2 == nines % 3 == 0
        draws.append((sevens, nines))
        return float(sevens)

    assert bootstrap_ends(accounts, whole, 1) == (0, 4)
    assert set(draws) == {(4, 0), (2, 3), (0, 6)}
    assert len(draws) == RESAMPLES_OF_ROWS
    assert bootstrap_ends(np.array([], np.int64), whole, 1) is None
    assert bootstrap_ends(accounts, lambda _: None, 1) is None


def test_the_two_ways_of_drawing_say_the_same():
    """A quotient of sums has one interval, whether its sums are drawn or its rows are."""
    chance = np.random.default_rng(3)
    accounts, money = np.repeat(np.arange(150), 4), chance.exponential(100, 600)
    stopped = money * (chance.random(600) < 0.3)
    resamples = Resamples.of(accounts, 5, RESAMPLES_OF_ROWS)
    expected = ratio_ends(resamples.totals(stopped), resamples.totals(money))
    found = bootstrap_ends(accounts, lambda at: float(stopped[at].sum() / money[at].sum()), 5)
    assert np.allclose(found, expected, rtol=1e-12)
