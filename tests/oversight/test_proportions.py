"""Goal: intervals that hold what they promise. Method: published figures, scipy, and counted coverage."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from countermand.kernel.shares import share
from countermand.oversight.proportions import (
    Pairs,
    chance_of_difference,
    paired_difference,
    share_difference,
)

counts = st.integers(0, 400)
pairs_at_random = st.builds(Pairs, counts, counts, counts, counts)


@given(st.integers(0, 3000), st.integers(1, 3000), st.sampled_from([0.8, 0.95, 0.999]))
def test_a_share_is_wilson_s(successes: int, count: int, confidence: float) -> None:
    """The same as another program's, for any count."""
    successes = min(successes, count)
    theirs = binomtest(successes, count).proportion_ci(confidence, method="wilson")
    ours = share(successes, count, confidence)
    assert ours is not None
    assert ours == pytest.approx((successes / count, theirs.low, theirs.high), abs=1e-9)


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        ((48, 80), (56, 70), 0.0524, 0.3339),
        ((3, 10), (9, 10), 0.1705, 0.8090),
    ],
)
def test_differences_of_two_groups_are_newcombe_s(first, second, low, high) -> None:
    """Table II of Newcombe 1998 (Statistics in Medicine 17:873), method 10."""
    found = share_difference(first, second)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((low, high), abs=6e-5)


def test_the_paired_interval_is_newcombe_s() -> None:
    """Table II of Newcombe 1998 (Statistics in Medicine 17:2635), method 10, of 36, 12, 2 and 0."""
    found = paired_difference(Pairs(36, 2, 12, 0))
    assert found is not None
    assert found == pytest.approx((0.2, 0.0569, 0.3404), abs=6e-5)


@given(pairs_at_random)
def test_pairs_turned_round_turn_the_difference_round(pairs: Pairs) -> None:
    """Who is called first decides the sign and nothing else; the value lies inside; no share exceeds one."""
    turned = Pairs(pairs.both, pairs.second_only, pairs.first_only, pairs.neither)
    found, other = paired_difference(pairs), paired_difference(turned)
    if pairs.operations == 0:
        assert found is None
        return
    assert found is not None
    assert other is not None
    assert (found.value, found.low, found.high) == pytest.approx((-other.value, -other.high, -other.low))
    assert -1 <= found.low <= found.value <= found.high <= 1
    assert chance_of_difference(pairs) == chance_of_difference(turned)


@given(st.integers(0, 600), st.integers(0, 600))
def test_the_chance_is_mcnemar_s(first_only: int, second_only: int) -> None:
    """The exact binomial test on those that differ; beyond a thousand its normal approximation, near by."""
    found = chance_of_difference(Pairs(7, first_only, second_only, 9))
    differing = first_only + second_only
    exact = binomtest(first_only, differing).pvalue if differing else 1.0
    assert found == pytest.approx(exact, abs=1e-9 if differing <= 1000 else 2e-3)


@pytest.mark.parametrize(
    ("both", "first_only", "second_only", "count"),
    [(0.02, 0.005, 0.01, 400), (0.3, 0.1, 0.1, 60), (0.9, 0.02, 0.05, 150), (0.0, 0.01, 0.01, 300)],
)
def test_the_paired_interval_covers_as_often_as_it_says(both, first_only, second_only, count) -> None:
    """Of 1,000 drawn samples at least 93.5 % have the true difference inside the 95 % interval."""
    draw, inside = random.Random(3), 0
    weights = [both, first_only, second_only, 1 - both - first_only - second_only]
    for _ in range(1000):
        chosen = draw.choices(range(4), weights, k=count)
        found = paired_difference(Pairs(*(chosen.count(place) for place in range(4))))
        assert found is not None
        inside += found.low <= second_only - first_only <= found.high
    assert inside / 1000 >= 0.935
