"""Goal: a candidate that stops too much stops, another one is left alone. Method: tables and drawn runs."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.oversight.guardrail import (
    Bounds,
    canary_breach,
    confidence_of_look,
    pairs_of,
    shadow_breach,
)
from countermand.oversight.proportions import Pairs
from countermand.vocabulary.outcomes import Outcome

ALLOW, CHALLENGE, HOLD, DENY = Outcome.ALLOW, Outcome.CHALLENGE, Outcome.HOLD, Outcome.DENY


@pytest.mark.parametrize(
    ("live", "candidate", "breached"),
    [
        ({ALLOW: 9_900, DENY: 100}, {ALLOW: 990, DENY: 10}, None),
        ({ALLOW: 9_900, DENY: 100}, {ALLOW: 900, DENY: 100}, DENY),
        ({ALLOW: 9_000, DENY: 1_000}, {ALLOW: 1_000}, DENY),  # far too lenient is a breach as well
        ({ALLOW: 9_900, HOLD: 100}, {ALLOW: 920, HOLD: 80}, HOLD),
        (
            {ALLOW: 9_500, CHALLENGE: 500},
            {ALLOW: 880, CHALLENGE: 120},
            None,
        ),  # not sure yet
        ({ALLOW: 9_500, CHALLENGE: 500}, {ALLOW: 700, CHALLENGE: 300}, CHALLENGE),
        ({ALLOW: 9_000, CHALLENGE: 1_000}, {CHALLENGE: 600, DENY: 400}, CHALLENGE),  # the worse of two
        ({ALLOW: 100}, {DENY: 199}, None),  # too few to speak of
        ({}, {DENY: 500}, None),
        ({ALLOW: 500}, {}, None),
    ],
)
def test_a_canary_is_judged_by_its_shares(live, candidate, breached) -> None:
    """Beyond the bound and beyond chance, in either direction, and the worst is named."""
    found = canary_breach(live, candidate, Bounds())
    assert (None if found is None else found.outcome) is breached


@pytest.mark.parametrize(
    ("outcomes", "breached"),
    [
        ({(0, 0): 10_000}, None),
        ({(0, 0): 9_700, (0, 4): 300}, DENY),
        ({(0, 0): 9_700, (0, 4): 150, (4, 0): 150}, None),  # other operations, but no more of them
        ({(0, 0): 900, (4, 0): 100}, DENY),
        ({(0, 0): 80, (0, 4): 100}, None),
        ({}, None),
    ],
)
def test_a_shadow_is_judged_by_pairs(outcomes, breached) -> None:
    """The same operations, so the same bound is left with fewer of them."""
    found = shadow_breach(outcomes, Bounds())
    assert (None if found is None else found.outcome) is breached


def test_the_sentence_says_how_far_and_how_far_is_allowed() -> None:
    """In both languages, with the direction."""
    found = canary_breach({ALLOW: 9_900, DENY: 100}, {ALLOW: 900, DENY: 100}, Bounds())
    assert found is not None
    assert found.text.en == (
        "The share of denied operations is 9.00 percentage points above that of the live policy; "
        "1.00 are allowed."
    )
    assert found.text.zh == "拒绝的操作占比比现行策略高 9.00 个百分点；允许 1.00 个百分点。"


cells = st.dictionaries(
    st.tuples(st.integers(0, 4), st.integers(0, 4)), st.integers(0, 5_000), min_size=1, max_size=12
)


@given(cells, st.sampled_from(Outcome))
def test_pairs_count_every_operation_once(outcomes, outcome) -> None:
    """All four places together are all operations, and their margins are both policies' counts."""
    pairs = pairs_of(outcomes, outcome)
    assert pairs.operations == sum(outcomes.values())
    assert pairs.both + pairs.first_only == sum(n for (live, _), n in outcomes.items() if live == outcome)
    assert pairs.both + pairs.second_only == sum(n for (_, other), n in outcomes.items() if other == outcome)
    assert isinstance(pairs, Pairs)


@given(cells)
def test_wider_bounds_never_stop_more(outcomes) -> None:
    """What passes narrow bounds passes wide ones."""
    narrow, wide = Bounds(0.02, 0.02, 0.02), Bounds(0.05, 0.05, 0.05)
    if shadow_breach(outcomes, narrow) is None:
        assert shadow_breach(outcomes, wide) is None


def test_looking_again_and_again_is_paid_for() -> None:
    """All looks up to a hundred million operations together use no more than the allowed chance."""
    bounds, seen, operations = Bounds(), set(), 200.0
    while operations < 1e8:
        seen.add(confidence_of_look(int(operations), bounds))
        operations *= 1.01
    assert len(seen) > 100
    assert sum(1 - confidence for confidence in seen) * 3 <= bounds.false_alarm


def test_an_equal_candidate_is_left_alone_however_often_we_look() -> None:
    """Bounds of nothing, 120 runs of 4,000 operations, a look every 40: at most the allowed false alarms."""
    bounds, draw, stopped = Bounds(0.0, 0.0, 0.0, false_alarm=0.05), random.Random(11), 0
    outcomes, weights = (ALLOW, CHALLENGE, HOLD, DENY), (0.9, 0.05, 0.03, 0.02)
    for _ in range(120):
        live, candidate = dict.fromkeys(outcomes, 0), dict.fromkeys(outcomes, 0)
        for _ in range(100):
            for outcome in draw.choices(outcomes, weights, k=40):
                live[outcome] += 1
            for outcome in draw.choices(outcomes, weights, k=40):
                candidate[outcome] += 1
            if canary_breach(live, candidate, bounds) is not None:
                stopped += 1
                break
    assert stopped <= 0.05 * 120


def test_a_candidate_that_denies_too_much_is_stopped_soon() -> None:
    """Twelve per cent instead of two, with one allowed: within 1,500 operations in every one of 20 runs."""
    draw = random.Random(12)
    for _ in range(20):
        live, candidate = {ALLOW: 49_000, DENY: 1_000}, {ALLOW: 0, DENY: 0}
        while canary_breach(live, candidate, Bounds()) is None:
            candidate[DENY if draw.random() < 0.12 else ALLOW] += 1
            assert sum(candidate.values()) <= 1_500
