"""Goal: a point of the trade-off is what really happens. Method: decide again with its bands and rules."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtests.results import POLICY, decided, lab, lab_operations
from countermand.kernel.text import Text
from countermand.oversight.report import TradeOffPoint
from countermand.oversight.trade_off import dialled, front, gridded
from countermand.policy.package import compile_recorded
from countermand.surfaces.reports import assess

KEEP = {"source": Text(en="A made-up laboratory", zh="虚构的实验室"), "made_at": 0, "resamples": 50}
OPERATIONS = lab_operations(5, 1500)
PLAIN = re.sub(r"answers:\n(  .*\n)+", "", POLICY)


def moved(text, thresholds, without=""):
    """The laboratory's policy with other bands, and perhaps without a rule."""
    low, high = thresholds
    head, *rules = text.format(version="1", first=low, large=500, late="challenge", more="").split("  - id: ")
    kept = (f"  - id: {rule}" for rule in rules if not without or not rule.startswith(without))
    return compile_recorded(
        {"policy.yaml": head.replace("at_least: 120", f"at_least: {high}") + "".join(kept)}
    )


@pytest.mark.parametrize("text", [PLAIN, POLICY], ids=["alike", "unlike"])
def test_points_are_what_is_answered_when_asked_again(text):
    """Saved money, disturbed customers and seconds of swept and of best settings."""
    program = moved(text, (60, 120))
    curve = assess(decided(program, OPERATIONS), program, **KEEP).p.trade_off
    assert curve.friction == ("disturbed" if text is PLAIN else "seconds")
    real = [point for point in curve.points if max(point.thresholds) <= 1000]
    current = [point for point in real if point.is_current]
    assert [point.thresholds for point in current] == [[60, 120]]
    left_out = [point for point in real if point.without]
    assert left_out
    for point in [*current, *real[::5], *left_out[:3]]:
        again = moved(text, point.thresholds, point.without)
        figures = assess(decided(again, OPERATIONS), again, **KEEP).p.figures
        assert figures["loss_saved"].value == point.saved, point
        assert figures["disturbed_share"].value == pytest.approx(point.disturbed), point
        seconds = figures["seconds_asked"].value + figures["seconds_waited"].value
        assert seconds == pytest.approx(point.seconds), point
        assert figures["precision"].value == pytest.approx(point.precision), point


def test_unlike_answers_are_weighed_by_the_second():
    """The laboratory declares that a challenge stops less than a hold, so each band is moved on its own."""
    curve = assess(decided(lab(), OPERATIONS), lab(), **KEEP).p.trade_off
    assert curve.searched > 6 * 200
    best = {tuple(point.thresholds) for point in curve.points if point.is_best}
    assert len({high / low for low, high in best}) > 2


points = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=25)


@given(points)
def test_the_front_holds_what_nothing_beats(rows):
    """A point is on the front exactly when no other is at least as good in both, or equal and before it."""
    made = [
        TradeOffPoint(
            thresholds=[], without="", saved=saved, saved_share=0.0, disturbed=float(friction), seconds=0.0,
            fraud_stopped=0, precision=None, is_best=False, is_current=False,
        )
        for friction, saved in rows
    ]  # fmt: skip

    def beaten(place):
        friction, saved = rows[place]
        return any(
            other != place and f <= friction and s >= saved and ((f, s) != (friction, saved) or other < place)
            for other, (f, s) in enumerate(rows)
        )

    assert front(made, "disturbed") == {place for place in range(len(rows)) if not beaten(place)}


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=4, unique=True).map(sorted).map(tuple))
def test_thresholds_always_rise(current):
    """Moved thresholds stay in order, whatever they were."""
    for thresholds in [*dialled(current), *gridded(current)]:
        assert len(thresholds) == len(current)
        assert all(one < other for one, other in pairwise(thresholds))
        assert thresholds[0] >= 1
